"""What billing's routes are given."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from services.billing.provider import Provider
from services.billing.schemas import OrderStatus
from shared.database import Database
from shared.schemas import Moment


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _provider(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    return provider


# For the routes that ask Stripe: their transactions end before the call, so they open them themselves.
DatabaseDep = Annotated[Database, Depends(_database)]
ProviderDep = Annotated[Provider, Depends(_provider)]


@dataclass
class PaymentFilter:
    """The query of an administrator who looks for payments; `until` is excluded."""

    status: OrderStatus | None = None
    user_id: UUID | None = None
    course_id: UUID | None = None
    instructor_id: UUID | None = None
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None
    surplus: bool | None = None
    since: Moment | None = None
    until: Moment | None = None
    query: Annotated[
        str | None, Query(max_length=255, description="An id of ours or of Stripe's, or a document's number")
    ] = None
