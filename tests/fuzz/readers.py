"""Whatever reads the bytes of foreigners, each with what nearly fits it. It may refuse in its own words and no others.

There are no import readers: no quiz, calendar or CSV file is taken in anywhere. One that comes belongs into this list.
"""

import asyncio
import base64
import io
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import stripe
from hypothesis import strategies as st

from services.billing.tests.splits import check_split
from services.billing.webhook_gateway import WebhookRefused, verify_event
from services.catalog.courses.rendering import render_markdown
from services.catalog.files.archives import check_archive
from services.catalog.files.kinds import KINDS, WrongFileType, check_kind
from services.catalog.files.names import clean_name, disposition
from services.certificates.codes import read_code, show_code
from services.identity.avatars.image_gateway import FORMATS, NotAPicture, make_squares
from services.identity.factors.webauthn_gateway import (
    NewCredential,
    NotVerified,
    Site,
    credential_id,
    verify_registration,
    verify_sign_in,
)
from services.identity.user_agents import device_name
from shared.envelope import UnreadableEnvelope, parse_envelope
from shared.errors import Invalid
from shared.networks import place_of, throttled_network
from shared.pagination import PageRequest, decode_cursor, encode_cursor, sort_key
from shared.preconditions import read_if_match
from tests.fuzz import seeds
from tests.fuzz.broken import ANYTHING, broken_answers, broken_bytes, broken_json

SECRET = "whsec_of_the_fuzz"
SITE = Site.of("http://academy.test")
# What may never be in a rendered lesson: elements that act, attributes that act, addresses that act.
ACTIVE = re.compile(
    r"""<(script|iframe|svg|object|style)|<[^>]*\son\w+\s*=|(href|src)="\s*(javascript|data|vbscript):"""
)


@dataclass(frozen=True)
class Reader:
    """`read` is called with each value; what it raises is a defect."""

    name: str
    values: st.SearchStrategy[Any]
    read: Callable[[Any], None]


def read_envelope(body: bytes) -> None:
    with suppress(UnreadableEnvelope):
        envelope = parse_envelope(body)
        # As the inbox keeps it, whether or not anybody knows the event.
        envelope.model_dump(mode="json", exclude_none=True)
        envelope.event()


def read_webhook(delivery: tuple[bytes, str, bool]) -> None:
    body, signature, signed = delivery
    if signed:
        at = int(time.time())
        # latin-1 writes any bytes as text and back; the SDK signs the text in UTF-8, so bytes beyond ASCII are refused.
        signature = stripe.WebhookSignature.generate_signature_header(body.decode("latin-1"), SECRET, at)
    with suppress(WebhookRefused):
        event = verify_event(body, signature, [SECRET], livemode=False)
        # What goes into columns of Postgres: no NUL, a time that it has.
        assert "\0" not in f"{event.id}{event.type}{event.api_version}{event.object_id}{event.intent_id}"
        assert datetime(1, 1, 2, tzinfo=UTC) < event.created


def read_upload(file: tuple[str, str, bytes]) -> None:
    name, declared, content = file
    with suppress(WrongFileType):
        check_kind(clean_name(name), declared, io.BytesIO(content))


def read_archive(content: bytes) -> None:
    with suppress(WrongFileType):
        check_archive(io.BytesIO(content), len(content))


def read_picture(picture: tuple[str, bytes]) -> None:
    declared, content = picture
    with suppress(NotAPicture):
        large, small = make_squares(content, declared, (256, 64))
        assert large[8:12] == small[8:12] == b"WEBP"


def read_name(raw: str) -> None:
    header = disposition("attachment", clean_name(raw))
    assert header.isascii()
    assert header.isprintable()


def read_cursor(cursor: str) -> None:
    for kinds in ([UUID], [int], [datetime, UUID]):
        with suppress(Invalid):
            for part in sort_key(PageRequest(after=decode_cursor(cursor)), *kinds) or ():
                assert encode_cursor([part])


def read_precondition(header: str) -> None:
    with suppress(Invalid):
        asyncio.run(read_if_match(header))


def read_registration(answer: Any) -> None:
    with suppress(NotVerified):
        verify_registration(SITE, seeds.CHALLENGE, answer)


def read_assertion(answer: Any) -> None:
    with suppress(NotVerified):
        known = NewCredential(credential_id(answer), seeds.PUBLIC_KEY, 0)
        verify_sign_in(SITE, seeds.CHALLENGE, answer, known)


def read_words(text: str) -> None:
    code = read_code(text)
    assert code is None or read_code(show_code(code)) == code
    device_name(text)
    throttled_network(text)
    place_of(text)


def read_markdown(text: str) -> None:
    assert not ACTIVE.search(render_markdown(text).lower())


def json_bytes(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """As a foreigner may write it: json.dumps also writes NaN, and lone surrogates as escapes."""
    return documents.map(lambda document: json.dumps(document).encode())


def foreign_cursor(key: list[Any]) -> str:
    """A cursor as somebody makes it who knows how ours are made; orjson would refuse some of what is in it."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


_envelopes = broken_bytes(seeds.ENVELOPES) | json_bytes(broken_json([orjson.loads(one) for one in seeds.ENVELOPES]))
_stripe_events = broken_bytes([seeds.STRIPE_EVENT]) | json_bytes(broken_json([orjson.loads(seeds.STRIPE_EVENT)]))
_signatures = st.text(max_size=60) | st.builds("t={},v1={}".format, st.integers(), st.text(max_size=70))
_declared = st.sampled_from([kind for one in KINDS.values() for kind in sorted(one.declared)]) | st.text(max_size=30)
_names = st.text(max_size=200) | st.builds(str.__add__, st.text(max_size=20), st.sampled_from(list(KINDS)))
_keys = st.lists(ANYTHING, max_size=3).map(foreign_cursor)
_tags = st.text(max_size=40) | st.builds('W/"{}", "{}-{}"'.format, st.integers(), st.integers(), st.text(max_size=8))


_registrations = broken_json([seeds.REGISTRATION]) | broken_answers(seeds.REGISTRATION)
_assertions = broken_json([seeds.ASSERTION]) | broken_answers(seeds.ASSERTION)
_markdown = st.text(max_size=300) | broken_bytes(seeds.MARKDOWN).map(lambda raw: raw.decode(errors="replace"))

READERS = [
    Reader("envelope", _envelopes, read_envelope),
    Reader("webhook", st.tuples(_stripe_events, _signatures, st.booleans()), read_webhook),
    Reader("upload", st.tuples(_names, _declared, broken_bytes(seeds.FILES)), read_upload),
    Reader("archive", broken_bytes(seeds.ARCHIVES), read_archive),
    Reader("avatar", st.tuples(st.sampled_from(list(FORMATS)), broken_bytes(seeds.PICTURES)), read_picture),
    Reader("file name", st.text(max_size=400), read_name),
    Reader("cursor", st.text(max_size=80) | _keys, read_cursor),
    Reader("If-Match", _tags, read_precondition),
    Reader("passkey registration", _registrations, read_registration),
    Reader("passkey assertion", _assertions, read_assertion),
    Reader("typed words", st.text(max_size=120), read_words),
    Reader("markdown", _markdown, read_markdown),
    Reader("refund split", st.integers(min_value=0), check_split),
]
