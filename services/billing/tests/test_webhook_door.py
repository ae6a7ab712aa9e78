"""Who may tell us about money, and when we say 200."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.billing.tests.far_end import SECRET
from services.billing.tests.shop import OLD_SECRET, Shop, event_body, sign
from shared.events import PaymentSucceeded

BODY = event_body(id="evt_forged", type="checkout.session.completed")


def forged_at(seconds: int) -> tuple[bytes, str]:
    return BODY, sign(BODY, at=int(time.time()) + seconds)


def reserialised() -> tuple[bytes, str]:
    return json.dumps(json.loads(BODY), indent=1).encode(), sign(BODY)


def signed(body: bytes) -> tuple[bytes, str]:
    return body, sign(body)


FORGED: dict[str, Any] = {
    "wrong secret": lambda: (BODY, sign(BODY, "whsec_of_somebody_else")),
    "secret before the previous one": lambda: (BODY, sign(BODY, "whsec_long_retired")),
    "truncated secret": lambda: (BODY, sign(BODY, SECRET[:-1])),
    "empty secret": lambda: (BODY, sign(BODY, "")),
    "v0 only": lambda: (BODY, sign(BODY).replace("v1=", "v0=")),
    "301 seconds old": lambda: forged_at(-301),
    "301 seconds in the future": lambda: forged_at(302),
    "re-serialised": reserialised,
    "byte order mark, unsigned": lambda: (b"\xef\xbb\xbf" + BODY, sign(BODY)),
    "byte order mark, signed": lambda: signed(b"\xef\xbb\xbf" + BODY),
    "not UTF-8": lambda: (b"\xff\xfe" + BODY, sign(BODY)),
    "signature not ASCII": lambda: (BODY, f"t={int(time.time())},v1=\u00e9\u00e8"),
    "signature without time": lambda: (BODY, "v1=00"),
    "time that is no number": lambda: (BODY, "t=soon,v1=00"),
    "signature that is no list": lambda: (BODY, "===,,,"),
    "no signature": lambda: (BODY, ""),
    "signed list": lambda: signed(b"[1, 2]"),
    "signed number": lambda: signed(b"42"),
    "signed null": lambda: signed(b"null"),
    "signed nothing": lambda: signed(b""),
    "signed half": lambda: signed(BODY[:-9]),
    "signed depth": lambda: signed(b"[" * 100_000 + b"]" * 100_000),
    "live event for a test key": lambda: signed(event_body(id="evt_forged", livemode=True)),
    "mode that is no boolean": lambda: signed(event_body(id="evt_forged", livemode=0)),
    "id that is no text": lambda: signed(event_body(id=["evt_forged"])),
    "id with NUL": lambda: signed(event_body(id="evt_forged\0")),
    "type with NUL": lambda: signed(event_body(id="evt_forged", type="a\0b")),
    "time beyond calendars": lambda: signed(event_body(id="evt_forged", created=10**18)),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_w3_a_forged_or_broken_delivery_is_refused_and_leaves_nothing(shop: Shop, forgery: str) -> None:
    body, signature = FORGED[forgery]()
    answer = shop.send(body, signature.encode("latin-1"))
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:academy:problem:webhook-refused")
    assert not shop.sql("SELECT 1 FROM stripe_events WHERE event_id LIKE 'evt_forged%'")


def test_w3_a_delivery_without_the_header_is_refused(shop: Shop) -> None:
    answer = shop.harness.client.post("/api/v1/payments/webhooks/stripe", content=BODY)
    assert answer.status_code == 400


@pytest.mark.parametrize("chunked", [False, True])
def test_w3_a_delivery_of_600_kb_is_refused_even_when_signed(shop: Shop, chunked: bool) -> None:
    body = event_body(id="evt_forged", padding="x" * 600 * 1024)
    content: Any = iter([body[:1000], body[1000:]]) if chunked else body
    headers = {"Stripe-Signature": sign(body)}
    answer = shop.harness.client.post("/api/v1/payments/webhooks/stripe", content=content, headers=headers)
    assert answer.status_code == 413
    assert not shop.sql("SELECT 1 FROM stripe_events WHERE event_id = 'evt_forged'")


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_both_secrets_count_while_one_replaces_the_other(shop: Shop, secret: str) -> None:
    body = event_body()
    assert shop.send(body, sign(body, secret)).status_code == 200


@pytest.mark.parametrize("age", [-290, 290])
def test_a_clock_that_is_a_little_off_is_no_forgery(shop: Shop, age: int) -> None:
    body = event_body()
    assert shop.send(body, sign(body, at=int(time.time()) + age)).status_code == 200


def test_an_event_of_an_unknown_type_is_stored_and_changes_nothing(shop: Shop) -> None:
    event_id = f"evt_{uuid7().hex}"
    assert shop.send(event_body(id=event_id, type="radar.early_fraud_warning.created")).status_code == 200
    [row] = shop.sql("SELECT ignored, api_version, body FROM stripe_events WHERE event_id = :id", id=event_id)
    assert row.ignored
    assert row.api_version == "2026-10-28.endive"
    assert json.loads(bytes(row.body))["id"] == event_id
    assert not shop.sql("SELECT 1 FROM inbox WHERE event_id = :id", id=event_id)


def test_w1_fifty_events_delivered_four_times_each_have_one_effect_each(shop: Shop) -> None:
    orders, bodies = [], []
    for _ in range(50):
        _, order, session_id = shop.bought()
        shop.far_end.pay(session_id)
        orders.append(order["id"])
        subject = {"id": session_id, "object": "checkout.session"}
        bodies.append(event_body(type="checkout.session.completed", data={"object": subject}))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(shop.send, bodies * 4))
    assert {answer.status_code for answer in answers} == {200}
    shop.work()
    assert {shop.order(order_id)["status"] for order_id in orders} == {"paid"}
    assert [len(shop.told(order_id, PaymentSucceeded)) for order_id in orders] == [1] * 50


@contextmanager
def commit_fails(shop: Shop, event_id: str, action: str) -> Iterator[None]:
    """A deferred constraint, so that the insert succeeds and only the commit does not."""
    name = f"doom_{event_id}"
    body = f"BEGIN IF NEW.event_id = '{event_id}' THEN {action} END IF; RETURN NULL; END"
    engine = shop.harness.academy.owner("billing")
    with engine.begin() as owner:
        owner.execute(text(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
        owner.execute(
            text(
                f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON stripe_events DEFERRABLE INITIALLY DEFERRED"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        )
    try:
        yield
    finally:
        with engine.begin() as owner:
            owner.execute(text(f"DROP TRIGGER {name} ON stripe_events"))
            owner.execute(text(f"DROP FUNCTION {name}()"))
        engine.dispose()


@pytest.mark.parametrize(
    "action",
    ["RAISE EXCEPTION 'doomed';", "PERFORM pg_terminate_backend(pg_backend_pid());"],
    ids=["constraint", "killed backend"],
)
def test_w4_when_the_commit_fails_stripe_never_hears_200(shop: Shop, action: str) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    event_id = f"evt_{uuid7().hex}"
    subject = {"id": session_id, "object": "checkout.session"}
    body = event_body(id=event_id, type="checkout.session.completed", data={"object": subject})
    with commit_fails(shop, event_id, action):
        statuses = {shop.send(body).status_code for _ in range(10)}
    assert min(statuses) >= 500
    assert not shop.sql("SELECT 1 FROM stripe_events WHERE event_id = :id", id=event_id)
    assert not shop.sql("SELECT 1 FROM inbox WHERE event_id = :id", id=event_id)
    assert shop.send(body).status_code == 200
    shop.work()
    assert shop.order(order["id"])["status"] == "paid"
