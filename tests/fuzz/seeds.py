"""What is whole: the honest messages, files and answers that the fuzz breaks."""

import io
import json
import zipfile
from typing import Any

import cbor2

from services.catalog.tests.samples import HTML, MP4, PDF, SVG, zip_of, zip_with_lying_size, zip_with_symlink
from services.identity.tests.authenticator import Authenticator, encode
from services.identity.tests.samples import huge_webp, photo, picture
from tests.architecture.tree import ROOT


def zip_by(method: int) -> bytes:
    """A ZIP file packed by one of the methods of the format."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("notes/a.txt", b"one two three " * 20)
        archive.writestr("b.bin", bytes(range(256)))
    return buffer.getvalue()


ENVELOPES = [path.read_bytes() for path in sorted((ROOT / "tests" / "contract" / "samples").glob("*.json"))]
STRIPE_EVENT = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": 1_790_000_000,
        "livemode": False,
        "type": "checkout.session.completed",
        "data": {"object": {"id": "cs_test_1", "object": "checkout.session", "payment_intent": "pi_1"}},
    }
).encode()
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ARCHIVES = [*(zip_by(method) for method in METHODS), zip_with_symlink(), zip_of({"../x": b"x"})]
FILES = [PDF, MP4, HTML, SVG, *ARCHIVES, zip_with_lying_size()[:2000]]
PICTURES = [*(picture(kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")), photo(6), huge_webp()]
MARKDOWN = [
    b"# Title\n\nA [link](https://x.example), ![image](https://x.example/a.png).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    b"<script>alert(1)</script>\n\n[x](javascript:alert(1)) <a href='data:text/html,x'>y</a> ~~gone~~ `code`\n",
    b"> quote\n> * list\n>   1. deeper\n\n```html\n<svg onload=alert(1)>\n```\n\n[ref]: <java\nscript:x> 'title'\n",
]
CHALLENGE = b"a challenge of thirty-two bytes!!"
_authenticator = Authenticator()
_options = {"challenge": encode(CHALLENGE)}
REGISTRATION: dict[str, Any] = _authenticator.create(_options)
ASSERTION: dict[str, Any] = _authenticator.get(_options)
_numbers = _authenticator.key.public_key().public_numbers()
PUBLIC_KEY = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: _numbers.x.to_bytes(32, "big"), -3: _numbers.y.to_bytes(32, "big")})
