"""The list of live sessions: first those to come, the soonest first; behind them the past ones, the latest first."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, case, cast, extract, func, literal, tuple_
from sqlalchemy.orm import Session

from services.live.models import LiveSession
from services.live.sessions import visible_sessions
from shared.pagination import PageRequest, encode_cursor, sort_key


@dataclass(frozen=True)
class Wanted:
    """Which sessions; None is any. `starts_before` is not included."""

    course_id: UUID | None = None
    status: str | None = None
    starts_after: datetime | None = None
    starts_before: datetime | None = None

    def conditions(self) -> list[Any]:
        """As SQL."""
        wanted = [
            (operator.eq, LiveSession.course_id, self.course_id),
            (operator.eq, LiveSession.status, self.status),
            (operator.ge, LiveSession.starts_at, self.starts_after),
            (operator.lt, LiveSession.starts_at, self.starts_before),
        ]
        return [compare(column, value) for compare, column, value in wanted if value is not None]


def list_sessions(
    session: Session, user_id: UUID, is_admin: bool, wanted: Wanted, page: PageRequest
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of (LiveSession, course title) of the person's courses, and the cursor of the next one. All pages divide
    past from coming at the moment of the first page, so that no session moves between them. Raises Invalid."""
    before = sort_key(page, datetime, bool, int, UUID)
    now = before[0] if before else datetime.now(UTC)
    ends_at = LiveSession.starts_at + func.make_interval(0, 0, 0, 0, 0, LiveSession.duration_minutes)
    is_over = ends_at < now
    microseconds = cast(extract("epoch", LiveSession.starts_at) * 1_000_000, BigInteger)
    order = (is_over, case((is_over, -microseconds), else_=microseconds), LiveSession.id)
    statement = visible_sessions(user_id, is_admin).where(*wanted.conditions())
    statement = statement.add_columns(order[0].label("is_over"), order[1].label("distance"))
    if before:
        statement = statement.where(tuple_(*order) > tuple_(*(literal(part) for part in before[1:])))
    rows = session.execute(statement.order_by(*order).limit(page.limit + 1)).all()
    shown = rows[: page.limit]
    if len(rows) <= page.limit:
        return shown, None
    last = shown[-1]
    return shown, encode_cursor([now, last.is_over, last.distance, last.LiveSession.id])
