"""All that the academy has of a person, gathered from every service, to be fetched once within a day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import secret_tokens, users
from services.identity.audit import Origin
from services.identity.models import User
from services.identity.privacy import own_data
from services.identity.privacy.models import ExportPart, PersonExport
from shared import audit, limits, outbox
from shared.database import Database
from shared.errors import NotFound, Problem
from shared.events import PersonDataExported, PersonExportReady, PersonExportRequested
from shared.limits import Limit
from shared.privacy import collect, split
from shared.sweeping import delete_rows
from shared.topology import SERVICES

OWN = "identity"
FETCHED_WITHIN = timedelta(hours=24)
# One that is not complete by then never will be: a service has parked its part.
GIVEN_UP_AFTER = timedelta(days=7)

EXPORTS = Limit("exports", "export of your data", 1, "account", timedelta(days=1), "The last one had the same in it.")


class ExportNotFound(NotFound):
    slug, title = "export-not-found", "There is no such export"
    detail = "Ask for a new one: POST /api/v1/users/me/exports."


class ExportGone(Problem):
    status, slug, title = 410, "export-gone", "This export cannot be fetched"
    detail = "Its link is wrong, was used already or is older than a day. Ask for a new one."


def request_export(session: Session, origin: Origin) -> dict[str, Any]:
    """The caller's export, begun; one that is being gathered or can still be fetched is the answer again. Raises
    LimitReached when the last one was fetched within a day."""
    assert origin.user_id
    user = users.lock_user(session, origin.user_id)
    current = session.scalars(_current(user.id)).first()
    if current is None:
        limits.use(session, EXPORTS, user.id)
        current = _begin(session, user)
        audit.record(session, origin, "user.export_requested", user.id, export_id=str(current.id))
    return _shown(session, current)


def read_export(session: Session, user_id: UUID, export_id: UUID) -> dict[str, Any]:
    """A person's export and which services have answered. Raises ExportNotFound, for other people's too."""
    return _shown(session, _get(session, user_id, export_id))


def fetch_export(session: Session, user_id: UUID, export_id: UUID, token: str) -> str:
    """The export as a JSON text, {service: {table: [row, ...]}}, once. Raises ExportNotFound, ExportGone."""
    export = _get(session, user_id, export_id, for_update=True)
    wrong = export.token_hash != secret_tokens.hash_token(token)
    if wrong or export.fetched_at or export.expires_at is None or export.expires_at <= datetime.now(UTC):
        raise ExportGone
    ordered = select(ExportPart).where(ExportPart.export_id == export.id).order_by(ExportPart.service, ExportPart.part)
    texts: dict[str, str] = {}
    for part in session.scalars(ordered):
        texts[part.service] = texts.get(part.service, "") + part.content
    export.fetched_at = datetime.now(UTC)
    session.execute(delete(ExportPart).where(ExportPart.export_id == export.id))
    return "{" + ",".join(f'"{service}":{text}' for service, text in texts.items()) + "}"


def keep_part(session: Session, event: PersonDataExported) -> None:
    """A service has answered; with the last part of the last one the person gets the link by mail."""
    # The account first, as whoever asks for an export does: in two orders, each would wait for the other's lock.
    user = session.get(User, event.user_id, with_for_update=True)
    export = session.get(PersonExport, event.export_id, with_for_update=True)
    if user is None or export is None or export.user_id != user.id or export.ready_at:
        return
    _add_part(session, export.id, event.service, (event.part, event.parts, event.content))
    if _answered(session, export.id) == set(SERVICES):
        _finish(session, export)


def clean_up_exports(database: Database) -> Iterator[None]:
    """Forgets what was gathered and not fetched in time, and exports that are long over."""
    now = datetime.now(UTC)
    over = select(PersonExport.id).where(PersonExport.expires_at < now)
    long_ago = PersonExport.requested_at < now - GIVEN_UP_AFTER
    return delete_rows(database, (ExportPart, ExportPart.export_id.in_(over)), (PersonExport, long_ago))


def _current(user_id: UUID) -> Select[PersonExport]:
    fetchable = and_(PersonExport.fetched_at.is_(None), PersonExport.expires_at > func.now())
    mine = select(PersonExport).where(PersonExport.user_id == user_id)
    return mine.where(or_(PersonExport.ready_at.is_(None), fetchable)).order_by(PersonExport.id.desc()).limit(1)


def _begin(session: Session, user: User) -> PersonExport:
    older = select(PersonExport.id).where(PersonExport.user_id == user.id)
    session.execute(delete(ExportPart).where(ExportPart.export_id.in_(older)))
    export = PersonExport(id=uuid7(), user_id=user.id)
    session.add(export)
    user.version += 1
    session.flush()
    _add_own_part(session, export.id, user.id)
    outbox.add(session, PersonExportRequested(user_id=user.id, version=user.version, export_id=export.id))
    return export


def _finish(session: Session, export: PersonExport) -> None:
    token = secret_tokens.new_token()
    export.ready_at = datetime.now(UTC)
    export.token_hash, export.expires_at = secret_tokens.hash_token(token), export.ready_at + FETCHED_WITHIN
    user = users.lock_user(session, export.user_id)
    user.version += 1
    facts = {"user_id": user.id, "version": user.version, "export_id": export.id}
    outbox.add(session, PersonExportReady(**facts, token=token, expires_at=export.expires_at))


def _add_own_part(session: Session, export_id: UUID, user_id: UUID) -> None:
    parts = split(collect(session, own_data.EXPORT, user_id))
    for number, content in enumerate(parts, start=1):
        _add_part(session, export_id, OWN, (number, len(parts), content))


def _add_part(session: Session, export_id: UUID, service: str, piece: tuple[int, int, str]) -> None:
    part, parts, content = piece
    row = {"export_id": export_id, "service": service, "part": part, "parts": parts, "content": content}
    session.execute(insert(ExportPart).values(row).on_conflict_do_nothing())


def _answered(session: Session, export_id: UUID) -> set[str]:
    complete = select(ExportPart.service).where(ExportPart.export_id == export_id).group_by(ExportPart.service)
    return set(session.scalars(complete.having(func.count() == func.max(ExportPart.parts))))


def _get(session: Session, user_id: UUID, export_id: UUID, for_update: bool = False) -> PersonExport:
    export = session.get(PersonExport, export_id, with_for_update=for_update)
    if export is None or export.user_id != user_id:
        raise ExportNotFound
    return export


def _shown(session: Session, export: PersonExport) -> dict[str, Any]:
    answered = set(SERVICES) if export.ready_at else _answered(session, export.id)
    expired = export.expires_at is not None and export.expires_at <= datetime.now(UTC)
    status = "fetched" if export.fetched_at else "expired" if expired else "ready" if export.ready_at else "gathering"
    return {
        "id": export.id,
        "status": status,
        "requested_at": export.requested_at,
        "expires_at": export.expires_at,
        "services": [{"service": name, "answered": name in answered} for name in SERVICES],
    }
