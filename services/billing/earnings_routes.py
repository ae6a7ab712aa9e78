"""What instructors earn and are paid; what the academy takes, day by day."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.billing import earnings, revenue
from services.billing.book_shapes import PayoutCreate, PayoutRead, RevenueQuery, RevenueRow, Statement
from services.billing.earnings import PayoutTerms
from services.billing.revenue import RevenueFilter
from shared.audit import OriginDep
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.routing import AcademyRouter
from shared.schemas import Moment

router = AcademyRouter(prefix="/api/v1")
Instructor = Annotated[Actor, require("courses:write")]
Administrator = Annotated[Actor, require("payments:admin")]
Reader = Annotated[Actor, require("payments:read")]
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@router.get("/payments/earnings", tags=["payments"], response_model=list[Statement])
def read_earnings(
    actor: Instructor, session: SessionDep, since: Moment = BEGINNING, until: Moment | None = None
) -> Any:
    """What your courses earned you, and what you were paid: per currency the balance before, each movement, after."""
    return earnings.read_statement(session, actor.user_id, since, until or datetime.now(UTC))


@router.get("/admin/payments/instructors/{instructor_id}/statement", tags=["admin"], response_model=list[Statement])
def read_statement(
    actor: Reader,
    session: SessionDep,
    instructor_id: UUID,
    since: Moment = BEGINNING,
    until: Moment | None = None,
) -> Any:
    """The payout statement of an instructor."""
    return earnings.read_statement(session, instructor_id, since, until or datetime.now(UTC))


@router.post("/admin/payments/payouts", tags=["admin"], status_code=201, response_model=PayoutRead)
def record_payout(actor: Administrator, session: SessionDep, payout: PayoutCreate, origin: OriginDep) -> Any:
    """Books that an instructor was paid, by bank; at most what is owed."""
    terms = PayoutTerms(payout.instructor_id, payout.payout.amount, payout.payout.currency, payout.reference)
    return earnings.record_payout(session, terms, origin.of(actor))


@router.get("/admin/payments/revenue", tags=["admin"], response_model=list[RevenueRow])
def read_revenue(actor: Reader, session: SessionDep, wanted: Annotated[RevenueQuery, Query()]) -> Any:
    """Revenue, refunds taken off, by day, course, instructor or currency alone: totals that are kept, not added up."""
    return revenue.list_revenue(session, wanted.group, RevenueFilter(**wanted.model_dump(exclude={"group"})))
