"""/api/v1/admin/events/<service>: what is stuck in a service's events and why, and its replay."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from shared import troubles
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.routing import AcademyRouter
from shared.schemas import Input, Moment, ShortText
from shared.troubles import Selection

Admin = Annotated[Actor, require("events:admin")]
EventText = Annotated[ShortText, StringConstraints(max_length=200)]
State = Literal["parked", "pending", "unpublished", "rejected"]


class EventTrouble(BaseModel):
    """An event that did not get through. `reason` is what its last attempt ended with."""

    model_config = ConfigDict(from_attributes=True)

    state: State
    source: str | None
    event_id: str
    type: str
    attempts: int
    reason: str | None
    since: datetime


class EventTroubles(BaseModel):
    items: list[EventTrouble]


class ReplayCreate(Input):
    """One parked event, or all of a type, or all since a time."""

    event_id: EventText | None = None
    type: EventText | None = None
    since: Moment | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "ReplayCreate":
        if not (self.event_id or self.type or self.since):
            raise ValueError("name event_id, type or since")
        return self


class ReplayRead(BaseModel):
    replayed: int


def event_router(service: str) -> AcademyRouter:
    """The routes for one service; operation ids carry its name, so that the merged API has no two alike."""
    router = AcademyRouter(prefix=f"/api/v1/admin/events/{service}", tags=["events"])

    @router.get("", name=f"list_{service}_event_troubles")
    def list_event_troubles(
        session: SessionDep, _admin: Admin, state: State | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> EventTroubles:
        """Events that are parked, being retried after a failure, not publishable, or rejected as unreadable."""
        rows = troubles.list_troubles(session, state, limit)
        return EventTroubles(items=[EventTrouble.model_validate(row) for row in rows])

    @router.post("/replay", name=f"replay_{service}_events")
    def replay_events(body: ReplayCreate, session: SessionDep, admin: Admin) -> ReplayRead:
        """Handles parked events again; who asked for it is recorded."""
        selection = Selection(body.event_id, body.type, body.since)
        return ReplayRead(replayed=troubles.replay(session, str(admin.user_id), selection))

    return router
