"""What a learner, an administrator and Stripe do with billing, in a line each."""

import json
import time
from typing import Any
from uuid import UUID

import httpx
import stripe
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.billing.tests.far_end import SECRET, FarEnd
from shared.events import CourseArchived, CoursePublished, CourseUpdated, Event
from shared.retries import Retrier, RetryPolicy
from shared.testing import Harness
from shared.testing.harness import Caller

OLD_SECRET = "whsec_previous_billing_tests"
WEBHOOK = "/api/v1/payments/webhooks/stripe"
CHECKOUTS = "/api/v1/payments/checkouts"


def course_event(
    cls: Any = CoursePublished, course_id: UUID | None = None, version: int = 1, amount: int = 4900, title: str = "Rust"
) -> Any:
    return cls(
        course_id=course_id or uuid7(),
        version=version,
        slug="rust",
        title=title,
        instructor_id=uuid7(),
        price_amount=amount,
        price_currency="USD",
    )


def sign(body: bytes, secret: str = SECRET, at: int | None = None) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at or int(time.time())))


def event_body(**changes: Any) -> bytes:
    event = {
        "id": f"evt_{uuid7().hex}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "type": "customer.created",
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    }
    return json.dumps({**event, **changes}).encode()


class Shop:
    def __init__(self, harness: Harness, far_end: FarEnd) -> None:
        self.harness = harness
        self.far_end = far_end
        worker = harness.worker
        self._retrier = Retrier(harness.database, worker.handlers, RetryPolicy.of(worker.settings))

    def sell(self, amount: int = 4900) -> UUID:
        event = course_event(amount=amount)
        self.harness.deliver(event)
        return UUID(str(event.course_id))

    def change(self, course_id: UUID, version: int, amount: int = 4900, archive: bool = False) -> None:
        self.harness.deliver(course_event(CourseArchived if archive else CourseUpdated, course_id, version, amount))

    def checkout(self, caller: Caller, course_id: UUID, key: str | None = None, extra: Any = None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        answer: httpx.Response = caller.post(
            CHECKOUTS, json={"course_id": str(course_id), **(extra or {})}, headers=headers
        )
        return answer

    def bought(self) -> tuple[Caller, dict[str, Any], str]:
        """A learner with an open order; the order, and the id of its session."""
        caller = self.harness.caller()
        answer = self.checkout(caller, self.sell())
        assert answer.status_code == 201, answer.text
        order = answer.json()
        return caller, order, order["checkout_url"].rsplit("/", 1)[1]

    def paid(self) -> tuple[Caller, dict[str, Any], str]:
        """A learner with an order that is paid, and that we know to be; the order, and the id of its session."""
        caller, order, session_id = self.bought()
        self.far_end.pay(session_id)
        self.deliver_all(session_id)
        return caller, order, session_id

    def send(self, body: bytes, signature: str | bytes | None = None) -> httpx.Response:
        signature = sign(body) if signature is None else signature
        return self.harness.client.post(
            WEBHOOK,
            content=body,
            headers=[(b"Stripe-Signature", signature.encode() if isinstance(signature, str) else signature)],
        )

    def deliver(self, *events: dict[str, Any]) -> None:
        for event in events:
            assert self.send(json.dumps(event).encode()).status_code == 200
            self.work()

    def deliver_all(self, session_id: str) -> None:
        self.deliver(*self.far_end.events_of(session_id))

    def work(self) -> None:
        """The worker's inbox loop, until nothing is due; what is put off is due now."""
        self.sql("UPDATE inbox SET next_attempt_at = now() WHERE status = 'pending' AND attempts = 0")
        self.work_on_what_is_due()

    def work_on_what_is_due(self) -> None:
        """The worker's inbox loop, until nothing is due."""
        while self._retrier.step():
            continue

    def run_job(self, name: str) -> None:
        """One run of a periodic job."""
        next(job for job in self.harness.worker.jobs if job.name == name).run_to_end(self.harness.database)

    def forget(self) -> None:
        """The jobs go over all there is: what was sold so far is put out of their sight."""
        self.far_end.control("POST", "/reset")
        self.sql("UPDATE orders SET paid_at = paid_at - interval '1 year'")
        self.sql("UPDATE orders SET created_at = now() + interval '1 day' WHERE status = 'pending'")

    def order(self, order_id: str) -> dict[str, Any]:
        admin = self.harness.caller("admin")
        row = self.sql("SELECT user_id FROM orders WHERE id = :id", id=order_id)[0]
        page = admin.get("/api/v1/admin/payments", params={"user_id": str(row.user_id), "limit": 100}).json()
        return next(item for item in page["items"] if item["id"] == order_id)

    def told(self, order_id: str, *types: type[Event]) -> list[Any]:
        return [event for kind in types for event in self.harness.published(kind, order_id)]

    def sql(self, statement: str, **values: Any) -> list[Any]:
        with self.harness.database.begin() as session:
            result = session.execute(text(statement), values)
            return list(result) if result.returns_rows else []  # type: ignore[attr-defined]
