"""Bytes and JSON that are nearly right: noise alone gets past no reader's first check."""

import base64
import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

Draw = st.DrawFn
# What readers have stumbled over before.
TELLING = [
    *(b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xed\xa0\x80", b"\\u0000", b"\\ud800", b"%00", b"%"),
    *(
        b"{",
        b"[",
        b'"',
        b"}",
        b"]",
        b",",
        b":",
        b"-1",
        b"1e400",
        b"NaN",
        b"9" * 40,
        b"\r\n",
        b"\n\n",
        b"--",
        b";",
        b"=",
    ),
    *(b"../", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"%PDF-", b"ftyp"),
]
WORDS = st.sampled_from(
    ["", "\0", "null", "-1", "1e400", "2026-02-30T25:61:61Z", "0001-01-01T00:00:00+23:59", "‮", "💥"]
)
NUMBERS = st.integers() | st.sampled_from([2**31, 2**63, 2**64, -(2**63) - 1, 10**40]) | st.floats()
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def broken_answers(draw: Draw, whole: dict[str, Any]) -> dict[str, Any]:
    """An authenticator's answer in which the bytes of one part are broken, inside of their base64."""
    answer = copy.deepcopy(whole)
    part = draw(st.sampled_from(sorted(answer["response"])))
    raw = answer["response"][part]
    content = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
    answer["response"][part] = base64.urlsafe_b64encode(draw(broken_bytes([content]))).decode().rstrip("=")
    return answer


@st.composite
def broken_bytes(draw: Draw, whole: Sequence[bytes]) -> bytes:
    """One of these, changed in up to five places; now and then it is left whole, or is nothing but noise."""
    content = bytearray(draw(st.sampled_from([*whole, draw(st.binary(max_size=64))])))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + draw(st.sampled_from([0, 1, 4, 64, 4096])))))
        content[start:end] = draw(st.sampled_from(TELLING) | st.binary(max_size=8))
    return bytes(content)


@st.composite
def broken_json(draw: Draw, whole: Sequence[Any]) -> Any:
    """One of these documents with one to three of its parts replaced, left out or added."""
    document = copy.deepcopy(draw(st.sampled_from(list(whole))))
    for _ in range(draw(st.integers(1, 3))):
        place = document
        while isinstance(place, dict) and place:
            key = draw(st.sampled_from(sorted(place)))
            if isinstance(place[key], dict) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            _change(draw, place, key)
            break
    return document


def _change(draw: Draw, place: dict[str, Any], key: str) -> None:
    act = draw(st.sampled_from(["replace", "replace", "leave out", "add"]))
    if act == "replace":
        place[key] = draw(ANYTHING)
    elif act == "leave out":
        del place[key]
    else:
        place[draw(st.text(max_size=10))] = draw(ANYTHING)
