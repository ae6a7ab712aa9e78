"""Names of files: the user's, made harmless. They are only ever shown, never used to store anything."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

MAX_LENGTH = 150


def clean_name(raw: str) -> str:
    """The name without folders, control characters and characters that turn the reading direction; may be empty."""
    # How browsers write these three into a form (https://html.spec.whatwg.org/#multipart-form-data).
    raw = raw.replace("%22", '"').replace("%0D", "").replace("%0A", "")
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", raw))[-1]
    # Categories C*: control, format (right-to-left override among them), surrogates, private use, unassigned.
    visible = "".join(" " if char.isspace() else char for char in last if char.isspace() or not _is_control(char))
    name = re.sub(r"\s+", " ", visible).strip(" .")
    suffix = PurePosixPath(name).suffix[:20]
    return name.removesuffix(suffix)[: MAX_LENGTH - len(suffix)] + suffix


def extension_of(name: str) -> str:
    """The last extension in lower case, such as ".pdf"; empty when there is none."""
    return PurePosixPath(name).suffix.lower()


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition value: `kind` is attachment or inline, the name in ASCII and in UTF-8 (RFC 6266, RFC
    8187)."""
    fallback = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_control(char: str) -> bool:
    return unicodedata.category(char).startswith("C")
