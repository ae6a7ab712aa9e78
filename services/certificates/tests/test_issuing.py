"""Events in, certificates out: exactly one per learner and course, whatever the order."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest

from services.certificates.tests.school import School, Story
from shared.events import CertificateIssued, CertificateRevoked, Event
from shared.inbox import Waiting
from shared.testing import wait_until
from shared.worker import check_wiring


def test_completing_a_course_gives_a_certificate(school: School) -> None:
    story, _, certificate = school.graduate()
    assert certificate["learner_name"] == "Ada Lovelace"
    assert certificate["course_title"] == story.title
    assert certificate["course_slug"] == "practical-python"
    assert certificate["completed_at"] == "2026-11-03T12:30:00Z"
    assert certificate["status"] == "valid"
    assert certificate["verify_url"] == f"http://academy.test/api/v1/certificates/verify/{certificate['code']}"


def test_the_certificate_is_announced_in_the_transaction_that_makes_it(school: School) -> None:
    story, _, certificate = school.graduate()
    (event,) = school.harness.published(CertificateIssued, certificate["id"])
    assert (event.user_id, event.course_id) == (story.user_id, story.course_id)
    assert (event.code, event.version) == (certificate["code"], 1)


def test_a_completion_waits_for_the_name_and_leaves_nothing_behind(school: School) -> None:
    story = Story()
    with pytest.raises(Waiting):
        school.harness.deliver(story.completed())
    assert school.certificates_of(story) == []


def test_a_second_delivery_and_a_second_completion_give_no_second_certificate(school: School) -> None:
    story, _, certificate = school.graduate()
    again = school.harness.deliver(story.completed())
    school.harness.redeliver(again)
    school.harness.deliver(story.completed(version=9))
    assert [item["id"] for item in school.certificates_of(story)] == [certificate["id"]]
    assert len(school.harness.published(CertificateIssued, certificate["id"])) == 1


def test_parallel_completions_give_one_certificate(school: School) -> None:
    story = Story()
    school.harness.deliver(story.registered())
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(school.harness.deliver, [story.completed(version) for version in range(2, 8)]))
    (certificate,) = school.certificates_of(story)
    assert len(school.harness.published(CertificateIssued, certificate["id"])) == 1


@pytest.mark.parametrize("known_before", [True, False])
def test_a_completion_racing_with_the_end_of_access_leaves_no_valid_certificate(
    school: School, known_before: bool
) -> None:
    for _ in range(15):
        story = Story()
        school.harness.deliver(story.registered())
        if known_before:
            school.harness.deliver(story.granted(1))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(school.harness.deliver, [story.completed(2), story.revoked(3)]))
        assert [item["status"] for item in school.certificates_of(story)] == ["revoked"]


def test_every_order_of_arrival_ends_in_the_same_state(school: School) -> None:
    for order in permutations(range(4)):
        story = Story()
        events: list[Event] = [
            story.completed(2),
            story.revoked(3),
            story.granted(4),
            story.revoked(5, reason="dispute lost"),
        ]
        school.harness.deliver(story.registered())
        for index in order:
            school.harness.deliver(events[index])
        (certificate,) = school.certificates_of(story)
        assert (certificate["status"], certificate["revocation_reason"]) == ("revoked", "dispute lost"), order


def test_access_given_back_restores_the_certificate(school: School) -> None:
    story, _, certificate = school.graduate()
    school.harness.deliver(story.revoked(3, reason="payment disputed"))
    (revoked,) = school.certificates_of(story)
    assert (revoked["status"], revoked["revocation_reason"]) == ("revoked", "payment disputed")
    assert revoked["revoked_at"]
    school.harness.deliver(story.granted(4))
    (restored,) = school.certificates_of(story)
    assert (restored["status"], restored["revoked_at"], restored["code"]) == ("valid", None, certificate["code"])


def test_an_older_event_does_not_undo_a_newer_one(school: School) -> None:
    story, _, _ = school.graduate()
    school.harness.deliver(story.granted(5))
    school.harness.deliver(story.revoked(4))
    assert school.certificates_of(story)[0]["status"] == "valid"


def test_losing_one_of_several_grants_keeps_the_certificate(school: School) -> None:
    story, _, _ = school.graduate()
    school.harness.deliver(story.revoked(3, active=True))
    assert school.certificates_of(story)[0]["status"] == "valid"


def test_a_revocation_is_announced_once(school: School) -> None:
    story, _, certificate = school.graduate()
    school.harness.deliver(story.revoked(3, reason="refund"))
    school.harness.deliver(story.revoked(4, reason="refund, again"))
    (event,) = school.harness.published(CertificateRevoked, certificate["id"])
    assert (event.reason, event.user_id, event.version) == ("refund", story.user_id, 2)


def test_names_and_titles_stay_as_they_were_certified_but_the_link_follows_the_course(school: School) -> None:
    story, _, _ = school.graduate()
    school.harness.deliver(story.renamed("Ada King", version=2))
    school.harness.deliver(story.course_changed("python-for-data", version=3))
    school.harness.deliver(story.course_changed("outdated", version=2))
    (certificate,) = school.certificates_of(story)
    assert (certificate["learner_name"], certificate["course_slug"]) == ("Ada Lovelace", "python-for-data")


def test_the_newest_name_known_is_certified_whatever_came_first(school: School) -> None:
    story = Story()
    school.harness.deliver(story.renamed("Augusta Ada King", version=2))
    school.harness.deliver(story.registered())
    school.harness.deliver(story.completed())
    assert school.certificates_of(story)[0]["learner_name"] == "Augusta Ada King"


def test_over_the_broker_a_completion_before_its_name_becomes_a_certificate(school: School) -> None:
    story = Story()
    with school.harness.running_worker():
        school.harness.academy.publish(story.completed())
        school.harness.academy.publish(story.registered())
        school.harness.academy.publish(story.revoked(3))
        wait_until(lambda: [c["status"] for c in school.certificates_of(story)] == ["revoked"], what="certificate")


def test_the_handlers_are_exactly_what_the_topology_sends(school: School) -> None:
    check_wiring(school.harness.worker)
