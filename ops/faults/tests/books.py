"""Books in which everything is right: one learner, one paid course, completed, certified, told by mail."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ops.faults.database import Books
from ops.faults.mailbox import Mail
from ops.faults.oracle import Evidence, judge
from ops.places import SERVICES
from shared.events import CourseCompleted, EnrollmentGranted, Event, PaymentSucceeded
from shared.topology import SUBSCRIPTIONS

# Only the columns that the oracle reads matter, so foreign keys and the rest stay out of the way.
LOOSE = "SET session_replication_role = replica;"
USER, COURSE, ORDER, GRANT, ENROLLMENT, CERTIFICATE, SESSION = (
    f"00000000-0000-7000-8000-00000000000{n}" for n in range(7)
)
EVENTS: dict[type[Event], str] = {PaymentSucceeded: "a", EnrollmentGranted: "b", CourseCompleted: "c"}
PDF = b"%PDF- a certificate"
HEALTHY = f"""
INSERT INTO identity.users (id, email, email_normalized, name, password_hash, roles, status)
VALUES ('{USER}', 'ann@example.com', 'ann@example.com', 'Ann', '', ARRAY['student'], 'active');
INSERT INTO billing.orders (id, user_id, course_id, course_title, amount, currency, status, attempt_expires_at,
                            session_id, paid_amount, paid_currency, paid_at)
VALUES ('{ORDER}', '{USER}', '{COURSE}', 'SQL', 4900, 'USD', 'paid', now(), 'cs_1', 4900, 'USD', now());
INSERT INTO catalog.enrollments (id, user_id, course_id, active, version, enrolled_at)
VALUES ('{ENROLLMENT}', '{USER}', '{COURSE}', true, 1, now());
INSERT INTO catalog.grants (id, enrollment_id, order_id, paid_at, refunded_full, refund_version, disputes, status,
                            version, created_at)
VALUES ('{GRANT}', '{ENROLLMENT}', '{ORDER}', now(), false, 0, '{{}}', 'active', 1, now());
INSERT INTO catalog.course_completions (enrollment_id, completed_at) VALUES ('{ENROLLMENT}', now());
INSERT INTO certificates.certificates (id, version, code, user_id, course_id, learner_name, course_title, completed_at,
                                       issued_at, status, pdf_key, pdf_sha256)
VALUES ('{CERTIFICATE}', 1, 'X', '{USER}', '{COURSE}', 'Ann', 'SQL', now(), now(), 'valid', 'certificates/x',
        '{sha256(PDF).hexdigest()}');
"""
TOLD = """
INSERT INTO {source}.outbox (event_id, type, subject, envelope, published_at)
VALUES ('00000000-0000-7000-8000-0000000000{id}0', '{type}', '{subject}', '{{}}', now());
"""
HEARD = """
INSERT INTO {listener}.inbox (source, event_id, type, status)
VALUES ('{source}', '00000000-0000-7000-8000-0000000000{id}0', '{type}', 'done');
"""
SENT = """
INSERT INTO notifications.deliveries (id, dedupe_key, user_id, kind, recipient, subject, context, is_bulk, state,
                                      message_id)
VALUES (gen_random_uuid(), '{key}', '{user}', 'x', 'ann@example.com', 'Hello', '{{}}', false, 'sent', '<{key}@x>');
"""
MAIL_KEYS = (
    f"receipt:{ORDER}:{USER}",
    f"enrolled:{GRANT}:{USER}",
    f"certificate_issued:{CERTIFICATE}:{USER}",
    f"welcome:{USER}:{USER}",
)
LEDGER = {
    "sessions": [
        {
            "id": "cs_1",
            "client_reference_id": ORDER,
            "payment_status": "paid",
            "amount_total": 4900,
            "currency": "usd",
        }
    ]
}


@dataclass(frozen=True)
class Scene:
    """The healthy books of one test, and what the oracle says of them."""

    books: Books
    files: Path
    ledger: dict[str, Any] = field(default_factory=lambda: LEDGER)
    mails: tuple[Mail, ...] = tuple(Mail(f"<{key}@x>", "ann@example.com", "Hello") for key in MAIL_KEYS)
    signed_out: tuple[str, ...] = ()

    async def damage(self, statement: str) -> None:
        """Makes something wrong."""
        await self.books.rows(LOOSE + statement)

    async def verdict(self, **changes: Any) -> set[str]:
        """The keys of the invariants that do not hold; `changes` replace ledger, mails or signed_out."""
        scene = replace(self, **changes)
        evidence = Evidence(scene.books, scene.ledger, scene.mails, scene.files, scene.signed_out)
        return {finding.key for finding in await judge(evidence)}


async def set_up(books: Books, files: Path) -> Scene:
    """Empties all schemas and writes the healthy books."""
    tables = await books.rows(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)", [list(SERVICES)]
    )
    names = ", ".join(f"{schema}.{table}" for schema, table in tables if table != "alembic_version")
    words = [f"TRUNCATE {names} CASCADE;", LOOSE, HEALTHY]
    for event, number in EVENTS.items():
        facts = {"source": event.source, "type": event.__name__, "id": number, "subject": ORDER}
        listeners = [service for service, events in SUBSCRIPTIONS.items() if event in events]
        words += [TOLD.format(**facts), *(HEARD.format(listener=listener, **facts) for listener in listeners)]
    words += [SENT.format(key=key, user=USER) for key in MAIL_KEYS]
    await books.rows("".join(words))
    (files / "certificates").mkdir(exist_ok=True)
    (files / "certificates" / "x").write_bytes(PDF)
    return Scene(books, files)
