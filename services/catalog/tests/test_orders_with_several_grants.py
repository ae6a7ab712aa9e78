"""What an order gives may be several courses, for several learners: bundles, gifts, seats."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.catalog.tests.school import PAID, Given, Order, School, TaughtCourse
from services.catalog.tests.statements import counted_statements
from shared.events import EnrollmentGranted, EnrollmentRevoked, Event
from shared.inbox import Unprocessable
from shared.testing.harness import Caller

# Facts in the order in which they happened, and whether they add up to access.
STORIES: dict[str, tuple[Callable[[Order], list[Event]], bool]] = {
    "partly refunded": (lambda o: [o.paid(1), o.refunded(2, full=False)], True),
    "refunded": (lambda o: [o.paid(1), o.refunded(2)], False),
    "refund failed": (lambda o: [o.paid(1), o.refunded(2), o.refunded(3, full=False)], True),
    "disputed": (lambda o: [o.paid(1), o.disputed(2)], False),
    "dispute won": (lambda o: [o.paid(1), o.disputed(2), o.closed(3, won=True)], True),
    "dispute lost": (lambda o: [o.paid(1), o.disputed(2), o.closed(3, won=False)], False),
}


@dataclass
class Bundle:
    """A course for the buyer and another for a friend, paid by one order."""

    buyer: Caller
    friend: Caller
    own: TaughtCourse
    gift: TaughtCourse

    @property
    def given(self) -> list[Given]:
        return [(self.buyer.user_id, self.own.id), (self.friend.user_id, self.gift.id)]

    def order(self) -> Order:
        return Order(self.buyer.user_id, self.own.id, gives=self.given)

    def readers(self) -> list[str]:
        """Who may read what."""
        who = {"buyer": self.buyer, "friend": self.friend}
        what = {"own": self.own, "gift": self.gift}
        return [f"{n} {c}" for n in who for c in what if who[n].get(what[c].lesson_url()).status_code == 200]


@pytest.fixture
def courses(school: School) -> tuple[TaughtCourse, TaughtCourse]:
    return school.course(price=PAID), school.course(price=PAID)


@pytest.fixture
def bundle(school: School, courses: tuple[TaughtCourse, TaughtCourse]) -> Bundle:
    return Bundle(school.catalog.caller(), school.catalog.caller(), *courses)


def test_an_order_gives_each_its_course_once_however_often_it_is_told(school: School, bundle: Bundle) -> None:
    order = bundle.order()
    envelope = school.catalog.deliver(order.paid(1))
    school.catalog.redeliver(envelope)
    school.catalog.deliver(order.paid(1))
    assert bundle.readers() == ["buyer own", "friend gift"]
    for learner, course in ((bundle.buyer, bundle.own), (bundle.friend, bundle.gift)):
        (granted,) = school.told(EnrollmentGranted, learner, course)
        assert (granted.order_id, granted.user_id) == (order.id, learner.user_id)
    assert _grants(school, order) == 2


def test_a_full_refund_takes_back_all_that_the_order_gave(school: School, bundle: Bundle) -> None:
    order = bundle.order()
    school.catalog.deliver(order.paid(1))
    for _ in range(2):
        school.catalog.deliver(order.refunded(2))
    assert bundle.readers() == []
    for learner, course in ((bundle.buyer, bundle.own), (bundle.friend, bundle.gift)):
        (revoked,) = school.told(EnrollmentRevoked, learner, course)
        assert (revoked.reason, revoked.order_id) == ("refunded", order.id)


@pytest.mark.parametrize("story", STORIES)
def test_the_order_of_arrival_does_not_matter_for_any_of_them(
    school: School, courses: tuple[TaughtCourse, TaughtCourse], story: str
) -> None:
    facts, has_access = STORIES[story]
    for arrival in permutations(range(len(facts(Order(uuid7(), courses[0].id))))):
        bundle = Bundle(school.catalog.caller(), school.catalog.caller(), *courses)
        events = facts(bundle.order())
        for index in arrival:
            school.catalog.deliver(events[index])
        assert bundle.readers() == (["buyer own", "friend gift"] if has_access else []), arrival


def test_a_refund_leaves_what_another_order_gave(school: School, bundle: Bundle) -> None:
    order = bundle.order()
    school.catalog.deliver(order.paid(1))
    school.catalog.deliver(Order(bundle.friend.user_id, bundle.gift.id).paid(1))
    school.catalog.deliver(order.refunded(2))
    assert bundle.readers() == ["friend gift"]


def test_a_course_that_is_not_here_parks_the_whole_order(school: School, bundle: Bundle) -> None:
    order = Order(bundle.buyer.user_id, bundle.own.id, gives=[*bundle.given, (bundle.buyer.user_id, str(uuid7()))])
    with pytest.raises(Unprocessable, match="not in this catalog"):
        school.catalog.deliver(order.paid(1))
    assert (bundle.readers(), _grants(school, order)) == ([], 0)


def test_an_event_that_names_only_a_part_of_what_the_order_gave_is_parked(school: School, bundle: Bundle) -> None:
    order = bundle.order()
    school.catalog.deliver(order.paid(1))
    partly = Order(bundle.buyer.user_id, bundle.own.id, order.id)
    with pytest.raises(Unprocessable, match="another learner or course"):
        school.catalog.deliver(partly.refunded(2))
    assert bundle.readers() == ["buyer own", "friend gift"]


def test_orders_that_give_the_same_in_another_order_do_not_wait_for_each_other(school: School, bundle: Bundle) -> None:
    given = [(who.user_id, what.id) for who in (bundle.buyer, bundle.friend) for what in (bundle.own, bundle.gift)]
    ways = [given, given[::-1]] * 10
    orders = [Order(bundle.buyer.user_id, bundle.own.id, gives=way) for way in ways]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(school.catalog.deliver, [order.paid(1) for order in orders]))
    assert len(bundle.readers()) == 4
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(school.catalog.deliver, [order.refunded(2) for order in orders]))
    assert bundle.readers() == []


def test_a_plain_purchase_asks_no_more_than_before(school: School, bundle: Bundle) -> None:
    with counted_statements(school.catalog) as statements:
        school.catalog.deliver(Order(bundle.buyer.user_id, bundle.own.id).paid(1))
    # The inbox, the enrollment's lock, the order's grants; the new grant and the rest travel with the commit.
    assert len(statements) == 3, statements


def _grants(school: School, order: Order) -> int:
    with school.catalog.database.begin() as session:
        counted = session.scalar(text("SELECT count(*) FROM grants WHERE order_id = :id"), {"id": order.id})
        return int(counted or 0)
