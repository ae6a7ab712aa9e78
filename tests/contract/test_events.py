"""The published language only ever gains optional fields: every stored sample stays readable.

A sample is written once, when its event is born, and never changed. After adding an event:
`python -m tests.contract.write_samples` writes the missing ones.
"""

from pathlib import Path

import pytest

from shared.envelope import MAX_ENVELOPE_BYTES, UnreadableEnvelope, parse_envelope
from shared.events import EVENTS

SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize("name", EVENTS)
def test_the_stored_sample_of_every_event_stays_readable(name: str) -> None:
    path = SAMPLES / f"{name}.json"
    assert path.exists(), f"write it once: python -m tests.contract.write_samples ({path.name})"
    event = parse_envelope(path.read_bytes()).event()
    assert type(event).__name__ == name
    assert event.subject


def test_there_is_no_sample_of_an_event_that_was_removed() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(EVENTS)


def test_unknown_fields_of_a_newer_publisher_are_ignored() -> None:
    body = (SAMPLES / "CourseCompleted.json").read_text().replace('"data": {', '"novelty": 1, "data": {"novelty": 2, ')
    assert parse_envelope(body.encode()).event()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"{}",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"specversion":"2.0"}',
        b"x" * (MAX_ENVELOPE_BYTES + 1),
        (SAMPLES / "CourseCompleted.json").read_bytes().replace(b"Practical", b"\\u0000"),
    ],
    ids=lambda body: body[:12].hex(),
)
def test_anything_else_is_unreadable_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(UnreadableEnvelope):
        parse_envelope(body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"CourseCompleted"', '"CourseForgotten"'),
        ('"source": "catalog"', '"source": "billing"'),
        ('"dataversion": 1', '"dataversion": 2'),
        ('"user_id"', '"owner_id"'),
    ],
)
def test_an_event_of_the_wrong_type_source_version_or_shape_is_unreadable(old: str, new: str) -> None:
    text = (SAMPLES / "CourseCompleted.json").read_text()
    assert old in text
    envelope = parse_envelope(text.replace(old, new).encode())
    with pytest.raises(UnreadableEnvelope):
        envelope.event()
