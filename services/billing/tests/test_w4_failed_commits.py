"""W4: Stripe hears 200 only when the event is stored for good."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.billing.tests.scale import scaled
from services.billing.tests.shop import Shop, event_body


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
        statuses = [shop.send(body).status_code for _ in range(scaled(50, full=500))]
    assert sum(status < 300 for status in statuses) == 0
    assert min(statuses) >= 500
    assert not shop.sql("SELECT 1 FROM stripe_events WHERE event_id = :id", id=event_id)
    assert not shop.sql("SELECT 1 FROM inbox WHERE event_id = :id", id=event_id)
    assert shop.send(body).status_code == 200
    shop.work()
    assert shop.order(order["id"])["status"] == "paid"
