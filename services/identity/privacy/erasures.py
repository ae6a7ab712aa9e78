"""Erasing a person in every service: asked for by an event, answered by receipts, repeated until all are there.

The account ends in the transaction of the request. Everything else is done by the handlers of the event, identity's own
as well: each is one transaction and safe to repeat, so a crash at any point is mended by the next delivery.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import administration, sessions, users
from services.identity.audit import Origin
from services.identity.privacy import own_data
from services.identity.privacy.models import Erasure, ErasureReceipt
from shared import audit, outbox
from shared.errors import Conflict, NotFound
from shared.events import PersonErased, PersonErasureRequested
from shared.inbox import Unprocessable
from shared.pagination import PageRequest, cut_page, sort_key
from shared.privacy import erase_traces, require_published
from shared.telemetry import get_logger
from shared.topology import SERVICES

log = get_logger(__name__)

OWN = "identity"


class AdministratorsStay(Conflict):
    slug, title = "administrator-not-erased", "An administrator cannot be erased"
    detail = "Have another administrator take the role first."


class ErasureNotFound(NotFound):
    slug, title = "erasure-not-found", "There is no such erasure"
    detail = "Check the id; GET /api/v1/admin/erasures lists all."


def request_erasure(session: Session, user_id: UUID, origin: Origin) -> dict[str, Any]:
    """The erasure, begun; the account cannot be used from now on. Asked for before: the same one, asked again of every
    service. Raises UserNotFound, AdministratorsStay."""
    administration.lock_admins(session)
    user = users.lock_user(session, user_id)
    if "admin" in user.roles:
        raise AdministratorsStay
    erasure = session.scalars(select(Erasure).where(Erasure.user_id == user_id)).one_or_none()
    if erasure is None:
        # Nobody signs in from here on; who it was is known until identity's own part is done.
        user.status = "erased"
        sessions.end_all_sessions(session, user.id)
        audit.record(session, origin, "user.erased", user.id)
        erasure = Erasure(id=uuid7(), user_id=user.id, requested_by=origin.user_id)
        session.add(erasure)
        session.flush()
    return _ask(session, erasure)


def retry_erasure(session: Session, erasure_id: UUID) -> dict[str, Any]:
    """The erasure, asked again of every service. Raises ErasureNotFound."""
    return _ask(session, _get(session, erasure_id))


def read_erasure(session: Session, erasure_id: UUID) -> dict[str, Any]:
    """The erasure with the state of each service. Raises ErasureNotFound."""
    return _shown(session, _get(session, erasure_id))


def list_erasures(session: Session, page: PageRequest) -> tuple[list[dict[str, Any]], str | None]:
    """A page of erasures, the newest first, and the cursor of the next page."""
    statement = select(Erasure).order_by(Erasure.id.desc()).limit(page.limit + 1)
    if key := sort_key(page, UUID):
        statement = statement.where(Erasure.id < key[0])
    found, next_cursor = cut_page(session.scalars(statement).all(), page, lambda erasure: [erasure.id])
    return [_shown(session, erasure) for erasure in found], next_cursor


def erase_own(session: Session, event: PersonErasureRequested) -> None:
    """Identity's own part, with its receipt. Raises Waiting while events about the person are not published,
    Unprocessable unless the person's erasure was requested here."""
    _require_requested(session, event.erasure_id, event.user_id)
    user = users.lock_user(session, event.user_id)
    if "admin" in user.roles:
        raise Unprocessable("an administrator cannot be erased")
    require_published(session, event.user_id)
    counts = own_data.delete_belongings(session, user.id)
    counts |= erase_traces(session, user.id, user.email, user.email_normalized)
    own_data.anonymize_user(session, user)
    _keep_receipt(session, event.erasure_id, OWN, counts)
    log.info("person erased", user_id=str(event.user_id))


def keep_receipt(session: Session, event: PersonErased) -> None:
    """A service has done its part. Raises Unprocessable unless the person's erasure was requested here."""
    _require_requested(session, event.erasure_id, event.user_id)
    _keep_receipt(session, event.erasure_id, event.service, event.counts)


def _ask(session: Session, erasure: Erasure) -> dict[str, Any]:
    user = users.lock_user(session, erasure.user_id)
    user.version += 1
    erasure.asked_at = func.now()
    outbox.add(session, PersonErasureRequested(user_id=user.id, version=user.version, erasure_id=erasure.id))
    return _shown(session, erasure)


def _get(session: Session, erasure_id: UUID) -> Erasure:
    erasure = session.get(Erasure, erasure_id)
    if erasure is None:
        raise ErasureNotFound
    return erasure


def _require_requested(session: Session, erasure_id: UUID, user_id: UUID) -> None:
    erasure = session.get(Erasure, erasure_id)
    if erasure is None or erasure.user_id != user_id:
        raise Unprocessable(f"erasure {erasure_id} of user {user_id} was never requested")


def _keep_receipt(session: Session, erasure_id: UUID, service: str, counts: dict[str, int]) -> None:
    receipt = insert(ErasureReceipt).values(erasure_id=erasure_id, service=service, counts=counts)
    latest = {"counts": receipt.excluded.counts, "received_at": func.now()}
    session.execute(receipt.on_conflict_do_update(index_elements=["erasure_id", "service"], set_=latest))


def _shown(session: Session, erasure: Erasure) -> dict[str, Any]:
    session.flush()
    session.refresh(erasure)
    by_erasure = select(ErasureReceipt).where(ErasureReceipt.erasure_id == erasure.id)
    receipts: Sequence[ErasureReceipt] = session.scalars(by_erasure).all()
    done = {receipt.service: receipt for receipt in receipts}
    services: list[dict[str, Any]] = [
        {"service": name, "erased_at": done[name].received_at, "counts": done[name].counts}
        if name in done
        else {"service": name, "erased_at": None, "counts": {}}
        for name in SERVICES
    ]
    return {
        "id": erasure.id,
        "user_id": erasure.user_id,
        "status": "done" if len(done) == len(SERVICES) else "running",
        "requested_at": erasure.requested_at,
        "asked_at": erasure.asked_at,
        "services": services,
    }
