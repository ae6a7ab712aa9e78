"""From the click to the unlocked lesson: each step with its time, as a list and as a stream."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from services.billing.orders import find_order_for_update
from services.billing.tests.shop import Shop
from shared.events import EnrollmentGranted, EnrollmentRevoked
from shared.testing import wait_until
from shared.testing.harness import Caller


def enrolled(cls: Any, caller: Caller, order: dict[str, Any], enrollment: Any, version: int) -> Any:
    return cls(
        enrollment_id=enrollment,
        version=version,
        user_id=caller.user_id,
        course_id=order["course_id"],
        course_title="Rust",
        grant_id=uuid7(),
        order_id=order["id"],
    )


def steps(caller: Caller, order_id: str) -> list[str]:
    return [step["step"] for step in caller.get(f"/api/v1/payments/orders/{order_id}/steps").json()]


def events(response: httpx.Response) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name:
            event[name] = value
        elif event:
            if "data" in event:
                yield event
            event = {}


def stream(shop: Shop, caller: Caller, order_id: str, last: str = "0") -> Any:
    headers = {"Authorization": f"Bearer {caller.token}", "Last-Event-ID": last}
    return httpx.stream(
        "GET", f"{shop.harness.url}/api/v1/payments/orders/{order_id}/events", headers=headers, timeout=20
    )


def test_an_orders_steps_lead_from_the_click_to_the_lesson_and_back(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    enrollment = uuid7()
    granted = enrolled(EnrollmentGranted, caller, order, enrollment, 1)
    for event in (granted, granted):
        shop.harness.deliver(event)
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    shop.harness.deliver(enrolled(EnrollmentRevoked, caller, order, enrollment, 2))
    shop.harness.deliver(granted)
    expected = ["ordered", "checkout_opened", "money_received", "paid", "access_granted", "refunded", "access_ended"]
    assert steps(caller, order["id"]) == expected
    listed = caller.get(f"/api/v1/payments/orders/{order['id']}/steps").json()
    assert all(step["at"].endswith("Z") for step in listed)


def test_a_page_that_waits_is_told_of_each_step_as_it_happens_and_goes_on_where_it_was_cut_off(shop: Shop) -> None:
    caller, order, session_id = shop.bought()

    def happen() -> None:
        shop.far_end.pay(session_id)
        shop.deliver_all(session_id)

    with stream(shop, caller, order["id"]) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        heard = events(response)
        assert [next(heard)["event"], next(heard)["event"]] == ["ordered", "checkout_opened"]
        worker = threading.Thread(target=happen)
        worker.start()
        received, last = next(heard), next(heard)
        assert [received["event"], last["event"]] == ["money_received", "paid"]
        worker.join()
    assert json.loads(last["data"])["step"] == "paid"
    shop.harness.deliver(enrolled(EnrollmentGranted, caller, order, uuid7(), 1))
    with stream(shop, caller, order["id"], last["id"]) as response:
        assert next(events(response))["event"] == "access_granted"


def test_a_step_that_can_be_read_first_has_the_lower_number_so_that_nobody_who_goes_on_behind_it_misses_one(
    shop: Shop,
) -> None:
    caller, order, session_id = shop.paid()
    shop.far_end.refund(session_id, 900)
    intake, database = shop.harness.worker.handlers.intakes["stripe"], shop.harness.database
    look = intake.prepare(database, {"intent_id": shop.far_end.session(session_id)["payment_intent"]})
    granted = enrolled(EnrollmentGranted, caller, order, uuid7(), 1)
    other = threading.Thread(target=shop.harness.deliver, args=[granted])
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.begin() as session:
        find_order_for_update(session, UUID(order["id"]))
        other.start()
        wait_until(lambda: shop.sql(waits), what="the step of the access waits for the order")
        intake.handle(session, look)
    other.join()
    assert steps(caller, order["id"])[-2:] == ["partly_refunded", "access_granted"]


def is_open(shop: Shop, caller: Caller, order_id: str) -> bool:
    """Whether one more stream would be opened now; it is ended at once."""
    with stream(shop, caller, order_id) as response:
        if response.status_code == 200:
            return True
        problem = json.loads(response.read())
        assert (response.status_code, problem["type"]) == (429, "urn:academy:problem:too-many-streams")
        assert int(response.headers["retry-after"]) >= 1
        return False


def test_an_account_has_two_streams_and_gets_a_place_back_when_one_ends(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    stranger, other_order, _ = shop.bought()
    with stream(shop, caller, order["id"]) as first:
        told = events(first)
        with stream(shop, caller, order["id"]) as second:
            told_too = events(second)
            assert [next(told)["event"], next(told_too)["event"]] == ["ordered", "ordered"]
            assert not is_open(shop, caller, order["id"])
            assert is_open(shop, stranger, other_order["id"])
            assert steps(caller, order["id"]) == ["ordered", "checkout_opened"], "only streams are counted"
        wait_until(lambda: is_open(shop, caller, order["id"]), what="the place of the stream that was closed")


def test_a_place_comes_back_when_the_listener_vanishes(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    port = httpx.URL(shop.harness.url).port
    request = (
        f"GET /api/v1/payments/orders/{order['id']}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}"
    )
    for _ in range(5):
        connections = [socket.create_connection(("127.0.0.1", port or 80)) for _ in range(2)]
        for connection in connections:
            connection.sendall(f"{request}\r\n\r\n".encode())
            assert b"200 OK" in connection.recv(1000)
        assert not is_open(shop, caller, order["id"])
        for connection in connections:
            # A reset, as of a phone without network or a killed browser.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        wait_until(lambda: is_open(shop, caller, order["id"]), what="the places of those who vanished")


def test_a_refused_stream_takes_no_place(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    for _ in range(5):
        assert caller.get(f"/api/v1/payments/orders/{uuid7()}/events").status_code == 404
    assert is_open(shop, caller, order["id"])


def test_each_of_many_streams_hears_of_its_own_order_only(shop: Shop) -> None:
    bought = [shop.bought() for _ in range(3)]
    with contextlib.ExitStack() as opened:
        heard = [
            (order, session_id, events(opened.enter_context(stream(shop, caller, order["id"]))))
            for caller, order, session_id in bought
            for _ in range(2)
        ]
        for _, _, told in heard:
            assert [next(told)["event"], next(told)["event"]] == ["ordered", "checkout_opened"]
        for _, _, session_id in bought:
            shop.far_end.pay(session_id)
            shop.deliver_all(session_id)
        numbers: dict[str, set[str]] = {}
        for order, _, told in heard:
            received, paid = next(told), next(told)
            assert [received["event"], paid["event"]] == ["money_received", "paid"]
            numbers.setdefault(order["id"], set()).add(paid["id"])
    assert sorted(map(len, numbers.values())) == [1, 1, 1], "both streams of an order hear of the same step"
    assert len(set.union(*numbers.values())) == 3


def test_nobody_watches_anothers_order(shop: Shop) -> None:
    _, order, _ = shop.bought()
    stranger = shop.harness.caller()
    for what in ("steps", "events"):
        assert stranger.get(f"/api/v1/payments/orders/{order['id']}/{what}").status_code == 404
        assert shop.harness.client.get(f"/api/v1/payments/orders/{order['id']}/{what}").status_code == 401
    headers = {"Last-Event-ID": "x"}
    assert stranger.get(f"/api/v1/payments/orders/{order['id']}/events", headers=headers).status_code == 422


def test_no_step_is_older_than_the_one_before_it(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    times = [step["at"] for step in caller.get(f"/api/v1/payments/orders/{order['id']}/steps").json()]
    assert len(times) >= 4
    assert times == sorted(times)
