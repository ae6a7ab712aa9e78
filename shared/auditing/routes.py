"""The audit log of a service at the HTTP door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from shared.auditing import listing
from shared.auditing.listing import AuditFilter
from shared.auditing.schemas import AuditEntryRead
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.pagination import Page, PageDep
from shared.routing import AcademyRouter
from shared.schemas import Moment

Auditor = Annotated[Actor, require("audit:read")]


class Filters:
    """?actor_id=&object_id=&action=&since=&until= of the list."""

    def __init__(
        self,
        actor_id: Annotated[UUID | None, Query(description="Who acted, also in another person's name")] = None,
        object_id: Annotated[UUID | None, Query(description="Whom or what it concerned")] = None,
        action: Annotated[str | None, Query(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=80)] = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> None:
        self.which = AuditFilter(actor_id, object_id, action, since, until)


def audit_router(path: str, name: str) -> AcademyRouter:
    """The list at `path`; `name` is its operation id, which the merged API must not have twice."""
    router = AcademyRouter(prefix=path, tags=["admin"])

    @router.get("", name=name, response_model=Page[AuditEntryRead])
    def list_audit_entries(
        _auditor: Auditor, session: SessionDep, page: PageDep, filters: Annotated[Filters, Depends()]
    ) -> Any:
        """Who did what to whom or what, the newest first."""
        items, next_cursor = listing.list_entries(session, filters.which, page)
        return {"items": items, "next_cursor": next_cursor}

    return router
