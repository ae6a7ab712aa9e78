"""Order lines carry what checkout does not sell yet: a second course, somebody else, several of a thing."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from services.billing.orders import find_order_for_update, list_lines
from services.billing.tests.shop import Shop
from services.billing.tests.test_documents import documents, words
from services.billing.tests.test_ledger import booked
from services.billing.tests.test_timeline import enrolled
from services.billing.tests.test_w7_lost_webhooks import grow_old, mismatches
from shared.events import (
    DisputeClosed,
    EnrollmentGranted,
    PaymentDisputed,
    PaymentRefunded,
    PaymentSucceeded,
    PersonDataExported,
    PersonExportRequested,
)
from shared.events.billing import GrantedCourse
from shared.testing.harness import Caller

Bought = tuple[Caller, dict[str, Any], str]
SECOND_LINE = """
    INSERT INTO order_lines (order_id, position, course_id, title, list_amount, discount, amount, instructor_id,
                             instructor_share, recipient_id, quantity)
    VALUES (:order_id, 1, :course_id, 'Go', 1900, 0, 1900, gen_random_uuid(), 7000, :recipient_id, 2)"""


def with_gift(shop: Shop, friend: UUID, course: UUID) -> Bought:
    """An order for the buyer's course, and two pieces of another for a friend."""
    caller, order, session_id = shop.bought()
    shop.sql("UPDATE order_lines SET list_amount = 3000, amount = 3000 WHERE order_id = :id", id=order["id"])
    shop.sql(SECOND_LINE, order_id=order["id"], course_id=course, recipient_id=friend)
    return caller, order, session_id


def test_a_checkouts_line_is_one_course_for_the_buyer(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    with shop.harness.database.begin() as session:
        found = find_order_for_update(session, UUID(order["id"]))
        assert found
        [line] = list_lines(session, found)
        assert (line.kind, line.recipient_id, line.quantity) == ("course", None, 1)
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    assert [event.grants for event in shop.told(order["id"], PaymentSucceeded, PaymentRefunded)] == [(), ()]


def test_each_event_about_access_names_all_that_the_lines_give(shop: Shop) -> None:
    friend, course = uuid7(), uuid7()
    caller, order, session_id = with_gift(shop, friend, course)
    given = {
        GrantedCourse(user_id=caller.user_id, course_id=UUID(order["course_id"])),
        GrantedCourse(user_id=friend, course_id=course),
    }
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    shop.far_end.close_dispute(shop.far_end.dispute(session_id), "won")
    shop.deliver_all(session_id)
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    for kind in (PaymentSucceeded, PaymentDisputed, DisputeClosed, PaymentRefunded):
        [event] = shop.told(order["id"], kind)
        assert (set(event.grants), len(event.grants), event.user_id) == (given, 2, caller.user_id), kind


def test_a_gift_alone_is_not_the_buyers(shop: Shop) -> None:
    friend = uuid7()
    _, order, session_id = shop.bought()
    shop.sql("UPDATE order_lines SET recipient_id = :friend WHERE order_id = :id", friend=friend, id=order["id"])
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    [event] = shop.told(order["id"], PaymentSucceeded)
    assert [(grant.user_id, str(grant.course_id)) for grant in event.grants] == [(friend, order["course_id"])]


def test_books_and_papers_show_each_line_and_add_up(shop: Shop) -> None:
    caller, order, session_id = with_gift(shop, uuid7(), uuid7())
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    [sums] = shop.sql(
        """SELECT count(DISTINCT line) AS lines, sum(amount) FILTER (WHERE line = 1) AS second FROM ledger_entries
           WHERE order_id = :id AND account IN ('tax_payable', 'instructor_payable', 'course_revenue')""",
        id=order["id"],
    )
    assert (sums.lines, sums.second) == (2, -1900)
    invoice = documents(caller, order["id"])["invoice"]
    said = words(caller.get(f"/api/v1/payments/documents/{invoice['id']}/pdf").content)
    assert all(fact in said for fact in ("Rust", "30.00 USD", "2 x Go", "19.00 USD", "49.00 USD"))
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    left = booked(shop, order["id"])
    assert not left.keys() & {"tax_payable", "instructor_payable", "course_revenue"}


@pytest.mark.parametrize("change", ["quantity = 0", "kind = 'castle'"])
def test_a_line_of_nothing_or_of_an_unknown_kind_cannot_be_stored(shop: Shop, change: str) -> None:
    _, order, _ = shop.bought()
    with pytest.raises(IntegrityError, match="ck_order_lines_"):
        shop.sql(f"UPDATE order_lines SET {change} WHERE order_id = :id", id=order["id"])


def test_access_is_missing_while_one_of_those_an_order_is_for_has_none(own_shop: Shop) -> None:
    friend, course = own_shop.harness.caller(), uuid7()
    caller, order, session_id = with_gift(own_shop, friend.user_id, course)
    own_shop.far_end.pay(session_id)
    own_shop.deliver_all(session_id)
    found = []
    gift = {"id": order["id"], "course_id": str(course)}
    for who, what in ((caller, order), (friend, gift)):
        own_shop.harness.deliver(enrolled(EnrollmentGranted, who, what, uuid7(), 1))
        grow_old(own_shop, order["id"])
        own_shop.run_job("compare-everything")
        found.append(mismatches(own_shop, order["id"]))
    assert found == [{"access-missing": "catalog"}, {}]


def test_access_that_is_left_is_excused_by_another_order_for_the_same_person_only(own_shop: Shop) -> None:
    friend, course = own_shop.harness.caller(), uuid7()
    _, order, session_id = with_gift(own_shop, friend.user_id, course)
    own_shop.far_end.pay(session_id)
    own_shop.deliver_all(session_id)
    gift = {"id": order["id"], "course_id": str(course)}
    own_shop.harness.deliver(enrolled(EnrollmentGranted, friend, gift, uuid7(), 1))
    own_shop.far_end.refund(session_id)
    own_shop.deliver_all(session_id)
    grow_old(own_shop, order["id"])
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, order["id"]) == {"access-left": "catalog"}
    _, _, other_session = with_gift(own_shop, friend.user_id, course)
    own_shop.far_end.pay(other_session)
    own_shop.deliver_all(other_session)
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, order["id"]) == {}


def test_whoever_was_given_a_course_finds_it_among_their_data_without_its_price(shop: Shop) -> None:
    friend, course = uuid7(), uuid7()
    _, order, _ = with_gift(shop, friend, course)
    shop.harness.deliver(PersonExportRequested(user_id=friend, version=1, export_id=uuid7()))
    [told] = shop.told(str(friend), PersonDataExported)
    [line] = json.loads(told.content)["order_lines"]
    assert line == {"order_id": order["id"], "kind": "course", "course_id": str(course), "title": "Go", "quantity": 2}
