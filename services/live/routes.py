"""HTTP door of the live service."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request

from services.live import rooms, sessions
from services.live.listing import Wanted, list_sessions
from services.live.schemas import JoinRead, LiveSessionCreate, LiveSessionRead, LiveSessionUpdate, Status
from shared.auth import Actor, require
from shared.bodies import MARKDOWN_LIMIT
from shared.database import SessionDep
from shared.limits import refusals
from shared.pagination import Page, PageDep
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter
from shared.schemas import Moment

router = AcademyRouter(prefix="/api/v1/live-sessions", tags=["live sessions"])

Learner = Annotated[Actor, require("live:join")]
Host = Annotated[Actor, require("live:schedule")]
LIMITED = refusals(sessions.NEWS)


@router.post("", status_code=201, max_body_size=MARKDOWN_LIMIT, responses=LIMITED)
def schedule_live_session(body: LiveSessionCreate, session: SessionDep, actor: Host) -> LiveSessionRead:
    """Schedules a live session of a course you teach."""
    live = sessions.schedule_session(session, actor.user_id, is_admin(actor), body.model_dump())
    return _read(sessions.get_session_for(session, live.id, actor.user_id, is_admin(actor)))


@router.get("")
def list_live_sessions(
    actor: Learner,
    session: SessionDep,
    page: PageDep,
    course_id: UUID | None = None,
    status: Status | None = None,
    starts_after: Moment | None = None,
    starts_before: Moment | None = None,
) -> Page[LiveSessionRead]:
    """Live sessions of the courses you learn or teach: first those to come, the soonest first; behind them the past
    ones, the latest first."""
    wanted = Wanted(course_id, status, starts_after, starts_before)
    rows, next_cursor = list_sessions(session, actor.user_id, is_admin(actor), wanted, page)
    return Page(items=[_read(row) for row in rows], next_cursor=next_cursor)


@router.get("/{live_session_id}")
def get_live_session(live_session_id: UUID, session: SessionDep, actor: Learner) -> LiveSessionRead:
    """One live session of a course you learn or teach."""
    return _read(sessions.get_session_for(session, live_session_id, actor.user_id, is_admin(actor)))


@router.patch("/{live_session_id}", max_body_size=MARKDOWN_LIMIT, responses=LIMITED)
def change_live_session(
    live_session_id: UUID, body: LiveSessionUpdate, session: SessionDep, actor: Host, expected: IfMatch
) -> LiveSessionRead:
    """Changes the fields sent; learners are told."""
    changes = body.model_dump(exclude_none=True)
    sessions.change_session(session, live_session_id, actor.user_id, is_admin(actor), changes, expected)
    return _read(sessions.get_session_for(session, live_session_id, actor.user_id, is_admin(actor)))


@router.post("/{live_session_id}/cancel")
def cancel_live_session(live_session_id: UUID, session: SessionDep, actor: Host) -> LiveSessionRead:
    """Cancels it; learners are told."""
    sessions.cancel_session(session, live_session_id, actor.user_id, is_admin(actor))
    return _read(sessions.get_session_for(session, live_session_id, actor.user_id, is_admin(actor)))


@router.post("/{live_session_id}/join")
def join_live_session(live_session_id: UUID, request: Request, session: SessionDep, actor: Learner) -> JoinRead:
    """The room's address, while its doors are open."""
    settings = request.app.state.settings
    doors = rooms.Doors(settings.meeting_base_url, settings.join_early_minutes, settings.join_late_minutes)
    live = sessions.get_session_for(session, live_session_id, actor.user_id, is_admin(actor)).LiveSession
    return JoinRead(join_url=rooms.join_room(session, live, actor.user_id, doors), ends_at=live.ends_at)


def is_admin(actor: Actor) -> bool:
    """Admins act on every course."""
    return actor.may("courses:admin")


def _read(row: Any) -> LiveSessionRead:
    live = row.LiveSession
    return LiveSessionRead.model_validate({**_columns(live), "course_title": row.course_title, "ends_at": live.ends_at})


def _columns(live: Any) -> dict[str, Any]:
    return {name: getattr(live, name) for name in LiveSessionRead.model_fields if hasattr(live, name)}
