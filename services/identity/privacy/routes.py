"""Exports and erasures at the HTTP door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response, status

from services.identity import step_up
from services.identity.dependencies import OriginDep
from services.identity.privacy import erasures, exports
from services.identity.privacy.schemas import ErasureRead, ExportFetch, ExportRead
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.limits import refusals
from shared.pagination import Page, PageDep
from shared.routing import AcademyRouter

own = AcademyRouter(prefix="/api/v1/users/me", tags=["users"])
secret = AcademyRouter(secret=True, prefix="/api/v1/users/me", tags=["users"])
admin = AcademyRouter(prefix="/api/v1/admin", tags=["admin"])
LIMITED = refusals(exports.EXPORTS)
GONE: dict[int | str, Any] = {410: {"description": "The export was fetched, or is too old: ask for a new one"}}

Owner = Annotated[Actor, require("account:secure")]
Eraser = Annotated[Actor, require("users:erase")]


@own.post("/exports", status_code=status.HTTP_202_ACCEPTED, response_model=ExportRead, responses=LIMITED)
def request_export(actor: Owner, session: SessionDep, origin: OriginDep) -> Any:
    """Ask for everything the academy has of you. The link comes by mail, usually within seconds. While one
    is being gathered or can be fetched, that one is the answer."""
    return exports.request_export(session, origin.of(actor))


@own.get("/exports/{export_id}", response_model=ExportRead)
def read_export(export_id: UUID, actor: Owner, session: SessionDep) -> Any:
    """Where an export stands."""
    return exports.read_export(session, actor.user_id, export_id)


@secret.post("/exports/{export_id}/fetch", responses=GONE)
def fetch_export(export_id: UUID, body: ExportFetch, actor: Owner, session: SessionDep) -> Response:
    """The export as one JSON file, with the token of the mailed link: once, and within a day."""
    text = exports.fetch_export(session, actor.user_id, export_id, body.token.get_secret_value())
    headers = {"Content-Disposition": 'attachment; filename="academy-export.json"'}
    return Response(text, media_type="application/json", headers=headers)


@own.post("/erasure", status_code=status.HTTP_202_ACCEPTED, response_model=ErasureRead)
def erase_me(actor: Owner, session: SessionDep, origin: OriginDep) -> Any:
    """Erase the own account everywhere, for good. Needs a sign-in of the last ten minutes; ends all sessions."""
    step_up.require_recent_sign_in(session, actor.session_id)
    return erasures.request_erasure(session, actor.user_id, origin.of(actor))


@admin.post("/users/{user_id}/erase", status_code=status.HTTP_202_ACCEPTED, response_model=ErasureRead)
def erase_user(user_id: UUID, actor: Eraser, session: SessionDep, origin: OriginDep) -> Any:
    """Erase a person everywhere, for good. Called again, every service is asked again."""
    return erasures.request_erasure(session, user_id, origin.of(actor))


@admin.get("/erasures", response_model=Page[ErasureRead])
def list_erasures(actor: Eraser, session: SessionDep, page: PageDep) -> Any:
    """All erasures with the receipts of the services, the newest first."""
    items, next_cursor = erasures.list_erasures(session, page)
    return {"items": items, "next_cursor": next_cursor}


@admin.get("/erasures/{erasure_id}", response_model=ErasureRead)
def read_erasure(erasure_id: UUID, actor: Eraser, session: SessionDep) -> Any:
    """Which services have erased the person, and what."""
    return erasures.read_erasure(session, erasure_id)


@admin.post("/erasures/{erasure_id}/retry", status_code=status.HTTP_202_ACCEPTED, response_model=ErasureRead)
def retry_erasure(erasure_id: UUID, actor: Eraser, session: SessionDep) -> Any:
    """Ask every service again, such as after a restore of its database. What is erased already stays so."""
    return erasures.retry_erasure(session, erasure_id)
