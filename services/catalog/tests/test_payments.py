"""Payments become access, in whatever order their facts arrive."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.catalog.tests.school import PAID, Order, School, TaughtCourse, answer
from shared.events import CourseCompleted, EnrollmentGranted, EnrollmentRevoked, Event
from shared.inbox import Unprocessable
from shared.testing import wait_until
from shared.testing.harness import Caller

ENROLLMENTS = "/api/v1/enrollments"

# Facts in the order in which they happened, and whether they add up to access.
TRUTH: dict[str, tuple[Callable[[Order], list[Event]], bool]] = {
    "paid": (lambda o: [o.paid(1)], True),
    "partly refunded": (lambda o: [o.paid(1), o.refunded(2, full=False)], True),
    "refunded": (lambda o: [o.paid(1), o.refunded(2)], False),
    "refunded in two parts": (lambda o: [o.paid(1), o.refunded(2, full=False), o.refunded(3)], False),
    "refund failed": (lambda o: [o.paid(1), o.refunded(2), o.refunded(3, full=False)], True),
    "disputed": (lambda o: [o.paid(1), o.disputed(2)], False),
    "dispute won": (lambda o: [o.paid(1), o.disputed(2), o.closed(3, won=True)], True),
    "dispute lost": (lambda o: [o.paid(1), o.disputed(2), o.closed(3, won=False)], False),
    "refunded after the dispute was won": (
        lambda o: [o.paid(1), o.disputed(2), o.closed(3, won=True), o.refunded(4)],
        False,
    ),
    "one dispute won, another open": (
        lambda o: [o.paid(1), o.disputed(2), o.closed(3, won=True), o.disputed(4, "dp_2")],
        False,
    ),
    "never paid": (lambda o: [o.disputed(2), o.closed(3, won=True)], False),
}


@pytest.mark.parametrize("story", TRUTH)
def test_the_order_of_arrival_does_not_matter(school: School, story: str) -> None:
    course = school.course(price=PAID)
    facts, has_access = TRUTH[story]
    for arrival in permutations(range(len(facts(Order(uuid7(), course.id))))):
        student = school.catalog.caller()
        events = facts(Order(student.user_id, course.id))
        for index in arrival:
            school.catalog.deliver(events[index])
        assert _may_read(student, course) is has_access, arrival
        assert len(answer(student.get(ENROLLMENTS))["items"]) == has_access, arrival
        _assert_events_alternate(school, student, course, has_access)


def test_every_fact_twice_is_every_fact_once(school: School) -> None:
    course = school.course(price=PAID)
    student = school.catalog.caller()
    order = Order(student.user_id, course.id)
    envelope = school.catalog.deliver(order.paid(1))
    school.catalog.redeliver(envelope)
    school.catalog.deliver(order.paid(1))
    (granted,) = _granted(school, student, course)
    assert granted.order_id == order.id
    assert granted.course_title != "as billing knew it"
    for _ in range(2):
        school.catalog.deliver(order.refunded(2))
    school.catalog.deliver(order.paid(1))
    (revoked,) = _revoked(school, student, course)
    assert (revoked.reason, revoked.order_id, revoked.version) == ("refunded", order.id, 2)


def test_a_refund_before_its_payment_leaves_no_trace_outside(school: School) -> None:
    course = school.course(price=PAID)
    student = school.catalog.caller()
    order = Order(student.user_id, course.id)
    school.catalog.deliver(order.refunded(2))
    school.catalog.deliver(order.paid(1))
    assert not _may_read(student, course)
    assert not _granted(school, student, course)
    assert not _revoked(school, student, course)


def test_access_by_two_orders_ends_with_the_second_refund(school: School) -> None:
    course = school.course(price=PAID)
    student = school.catalog.caller()
    first, second = Order(student.user_id, course.id), Order(student.user_id, course.id)
    school.catalog.deliver(first.paid())
    school.catalog.deliver(second.paid())
    school.catalog.deliver(first.refunded(2))
    assert _may_read(student, course)
    assert (len(_granted(school, student, course)), len(_revoked(school, student, course))) == (1, 0)
    school.catalog.deliver(second.refunded(2))
    assert not _may_read(student, course)
    assert (len(_granted(school, student, course)), len(_revoked(school, student, course))) == (1, 1)


def test_orders_paid_at_once_are_told_as_one_enrollment(school: School) -> None:
    course = school.course(price=PAID)
    for _ in range(5):
        student = school.catalog.caller()
        orders = [Order(student.user_id, course.id) for _ in range(4)]
        school.catalog.deliver(Order(student.user_id, course.id).disputed(2))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(school.catalog.deliver, [order.paid() for order in orders]))
        assert len(_granted(school, student, course)) == 1
        for order in orders:
            school.catalog.deliver(order.refunded(2))
        assert not _may_read(student, course)
        assert len(_revoked(school, student, course)) == 1


def test_progress_survives_a_dispute_that_is_won(school: School) -> None:
    course = school.course(lessons=2, price=PAID)
    student = school.catalog.caller()
    order = Order(student.user_id, course.id)
    school.catalog.deliver(order.paid(1))
    answer(student.post(f"{course.lesson_url(0)}/complete"))
    school.catalog.deliver(order.disputed(2))
    assert student.post(f"{course.lesson_url(1)}/complete").status_code == 403
    assert student.get(f"{course.url}/progress").status_code == 403
    school.catalog.deliver(order.closed(3, won=True))
    assert answer(student.post(f"{course.lesson_url(1)}/complete"))["percent"] == 100
    enrollment = answer(student.get(ENROLLMENTS))["items"][0]["id"]
    (completed,) = school.catalog.published(CourseCompleted, enrollment)
    assert completed.version == 6


def test_a_free_enrollment_survives_the_refund_of_an_order(school: School) -> None:
    course = school.course()
    student = school.learner(course)
    order = Order(student.user_id, course.id)
    school.catalog.deliver(order.paid(1))
    school.catalog.deliver(order.refunded(2))
    assert _may_read(student, course)


def test_a_payment_for_an_archived_course_still_opens_it(school: School) -> None:
    course = school.course(price=PAID)
    answer(course.instructor.post(f"{course.url}/archive"))
    student = school.catalog.caller()
    school.catalog.deliver(Order(student.user_id, course.id).paid())
    assert _may_read(student, course)


def test_a_payment_for_an_unknown_course_is_parked_for_a_person(school: School) -> None:
    with pytest.raises(Unprocessable, match="not in this catalog"):
        school.catalog.deliver(Order(uuid7(), uuid7()).paid())


def test_one_order_cannot_open_two_courses(school: School) -> None:
    one, two = school.course(price=PAID), school.course(price=PAID)
    student = school.catalog.caller()
    order_id = uuid7()
    school.catalog.deliver(Order(student.user_id, one.id, order_id).paid())
    with pytest.raises(Unprocessable, match="another learner or course"):
        school.catalog.deliver(Order(student.user_id, two.id, order_id).paid())
    assert not _may_read(student, two)


def test_a_payment_arrives_over_the_broker(school: School) -> None:
    course = school.course(price=PAID)
    student = school.catalog.caller()
    with school.catalog.running_worker():
        school.catalog.academy.publish(Order(student.user_id, course.id).paid())
        wait_until(lambda: _may_read(student, course), what="access after the payment")


def _may_read(student: Caller, course: TaughtCourse) -> bool:
    status = student.get(course.lesson_url()).status_code
    assert status in (200, 403, 404)
    return bool(status == 200)


def _granted(school: School, student: Caller, course: TaughtCourse) -> list[EnrollmentGranted]:
    return school.told(EnrollmentGranted, student, course)


def _revoked(school: School, student: Caller, course: TaughtCourse) -> list[EnrollmentRevoked]:
    return school.told(EnrollmentRevoked, student, course)


def _assert_events_alternate(school: School, student: Caller, course: TaughtCourse, has_access: bool) -> None:
    told: list[Any] = sorted(
        [*_granted(school, student, course), *_revoked(school, student, course)], key=lambda event: event.version
    )
    assert [event.version for event in told] == list(range(1, len(told) + 1))
    assert [event.active for event in told] == [n % 2 == 0 for n in range(len(told))]
    assert bool(told and told[-1].active) is has_access
