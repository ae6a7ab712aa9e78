"""Where Stripe, orders, catalog and certificates do not agree: each finding is a row with cause and owner until it is
gone."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import Gauge
from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import Mismatch

OPEN_MISMATCHES = Gauge("recon_mismatch", "Things on which Stripe, orders and catalog do not agree; must be 0")


@dataclass(frozen=True)
class Finding:
    """`owner` is who must act: services' names stand for their engineers, support talks to people."""

    kind: str
    subject: str
    cause: str
    owner: str


# kind, owner, cause, and a query for the subjects. What is on its way gets ten minutes.
OWN_CHECKS = (
    (
        "payment-in-review",
        "support",
        "a payment does not fit its order: refund it, or make it fit",
        """SELECT o.id FROM orders o WHERE o.status = 'review' OR (o.stray_session <> '' AND 0 <> (
           SELECT coalesce(sum(e.amount), 0) FROM ledger_entries e
           WHERE e.order_id = o.id AND e.account = 'unallocated_payments'))""",
    ),
    (
        "surplus-payment",
        "support",
        "paid although the learner has another order for the course: refund one of them",
        "SELECT id FROM orders WHERE surplus AND status IN ('paid', 'partly_refunded')",
    ),
    (
        "refund-stuck",
        "billing",
        "a refund was asked for and Stripe has not taken it up",
        "SELECT id FROM refund_requests WHERE status = 'requested' AND created_at < now() - interval '10 minutes'",
    ),
    (
        "access-missing",
        "catalog",
        "the order is paid and somebody it is for is not enrolled",
        """SELECT o.id FROM orders o WHERE o.status IN ('paid', 'refund_pending', 'partly_refunded')
           AND EXISTS (SELECT 1 FROM order_steps s WHERE s.order_id = o.id AND s.step = 'paid')
           AND NOT EXISTS (SELECT 1 FROM order_steps s WHERE s.order_id = o.id
                           AND s.at > now() - interval '10 minutes')
           AND EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id
                       AND NOT EXISTS (SELECT 1 FROM enrollments e WHERE e.active AND e.course_id = l.course_id
                                       AND e.user_id = coalesce(l.recipient_id, o.user_id)))""",
    ),
    (
        "access-left",
        "catalog",
        "the money went back and a learner is still enrolled by this order",
        """SELECT o.id FROM orders o JOIN enrollments e ON e.order_id = o.id AND e.active
           WHERE o.status IN ('refunded', 'lost', 'disputed') AND e.heard_at < now() - interval '10 minutes'
           AND NOT EXISTS (SELECT 1 FROM order_steps s WHERE s.order_id = o.id AND s.at > now() - interval '10 minutes')
           AND NOT EXISTS (SELECT 1 FROM orders other JOIN order_lines l ON l.order_id = other.id
                           WHERE l.course_id = e.course_id AND coalesce(l.recipient_id, other.user_id) = e.user_id
                           AND other.status IN ('paid', 'refund_pending', 'partly_refunded'))""",
    ),
    (
        "certificate-missing",
        "certificates",
        "the course is completed and there is no certificate",
        """SELECT p.user_id || '/' || p.course_id FROM progress p
           WHERE p.completed_at < now() - interval '10 minutes'
           AND NOT EXISTS (SELECT 1 FROM certificates c WHERE c.user_id = p.user_id AND c.course_id = p.course_id)""",
    ),
    (
        "certificate-left",
        "certificates",
        "the access has ended, as by a refund, and the certificate is still valid",
        """SELECT c.user_id || '/' || c.course_id FROM certificates c WHERE c.valid
           AND EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = c.user_id AND e.course_id = c.course_id)
           AND NOT EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = c.user_id AND e.course_id = c.course_id
                           AND (e.active OR e.heard_at > now() - interval '10 minutes'))""",
    ),
    (
        "event-parked",
        "billing",
        "an event from Stripe could not be handled: make dead shows why",
        "SELECT event_id FROM inbox WHERE source = 'stripe' AND status = 'parked'",
    ),
)
OWN_KINDS = frozenset(kind for kind, *_ in OWN_CHECKS)


def find_own(session: Session) -> list[Finding]:
    """What our own tables show to be wrong."""
    return [
        Finding(kind, str(row[0]), cause, owner)
        for kind, owner, cause, query in OWN_CHECKS
        for row in session.execute(text(query))
    ]


def store_findings(session: Session, kinds: Iterable[str], findings: Iterable[Finding]) -> None:
    """Opens a row for what is new, and closes those of these kinds that were not found again."""
    found = list(findings)
    for finding in found:
        row = insert(Mismatch).values(**vars(finding))
        session.execute(
            row.on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=Mismatch.resolved_at.is_(None))
        )
    gone = (
        Mismatch.kind.in_(list(kinds)),
        Mismatch.resolved_at.is_(None),
        tuple_(Mismatch.kind, Mismatch.subject).not_in([(finding.kind, finding.subject) for finding in found]),
    )
    session.execute(update(Mismatch).where(*gone).values(resolved_at=func.now()))
    OPEN_MISMATCHES.set(session.scalar(select(func.count()).where(Mismatch.resolved_at.is_(None))) or 0)


def list_mismatches(session: Session, limit: int) -> list[Mismatch]:
    """What is open, the oldest first."""
    is_open = select(Mismatch).where(Mismatch.resolved_at.is_(None)).order_by(Mismatch.id).limit(limit)
    return list(session.scalars(is_open))
