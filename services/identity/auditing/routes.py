"""The audit log at the HTTP door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from services.identity.auditing import listing
from services.identity.auditing.listing import AuditFilter
from services.identity.auditing.schemas import AuditEntryRead
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.pagination import Page, PageDep
from shared.routing import AcademyRouter
from shared.schemas import Moment

router = AcademyRouter(prefix="/api/v1/admin/audit", tags=["admin"])

Auditor = Annotated[Actor, require("audit:read")]


class Filters:
    """?actor_id=&object_id=&action=&since=&until= of the list."""

    def __init__(
        self,
        actor_id: Annotated[UUID | None, Query(description="Who acted, also in another person's name")] = None,
        object_id: Annotated[UUID | None, Query(description="Whom it concerned")] = None,
        action: Annotated[str | None, Query(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=80)] = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> None:
        self.which = AuditFilter(actor_id, object_id, action, since, until)


@router.get("", response_model=Page[AuditEntryRead])
def list_audit_entries(
    actor: Auditor, session: SessionDep, page: PageDep, filters: Annotated[Filters, Depends()]
) -> Any:
    """Who did what to whom, the newest first."""
    items, next_cursor = listing.list_entries(session, filters.which, page)
    return {"items": items, "next_cursor": next_cursor}
