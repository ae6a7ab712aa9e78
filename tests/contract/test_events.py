"""The published language only ever gains optional fields: every stored sample stays readable.

A sample is written once, when its event is born, and never changed; an optional field that came later may have one
of its own, `Event.field.json`. After adding an event:
`python -m tests.contract.write_samples` writes the missing ones.
"""

from pathlib import Path
from typing import Any

import pytest

from shared.envelope import MAX_ENVELOPE_BYTES, UnreadableEnvelope, parse_envelope
from shared.events import EVENTS

SAMPLES = Path(__file__).parent / "samples"


def event_of(path: Path) -> str:
    """The name of a sample's event."""
    return path.stem.partition(".")[0]


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_stored_sample(name: str) -> None:
    path = SAMPLES / f"{name}.json"
    assert path.exists(), f"write it once: python -m tests.contract.write_samples ({path.name})"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_every_stored_sample_stays_readable(path: Path) -> None:
    event = parse_envelope(path.read_bytes()).event()
    assert type(event).__name__ == event_of(path)
    assert event.subject


def test_there_is_no_sample_of_an_event_that_was_removed() -> None:
    assert {event_of(path) for path in SAMPLES.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", ["PaymentSucceeded", "PaymentRefunded", "PaymentDisputed", "DisputeClosed"])
def test_a_payment_told_before_orders_had_several_grants_gives_its_buyer_its_course(name: str) -> None:
    event: Any = parse_envelope((SAMPLES / f"{name}.json").read_bytes()).event()
    assert event.grants == ()


def test_a_payment_may_name_several_grants() -> None:
    event: Any = parse_envelope((SAMPLES / "PaymentSucceeded.grants.json").read_bytes()).event()
    assert [grant.user_id.int % 16 for grant in event.grants] == [7, 8]
    assert {grant.course_id for grant in event.grants} == {event.course_id}


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
