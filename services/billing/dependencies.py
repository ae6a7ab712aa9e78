"""What billing's routes are given."""

from typing import Annotated

from fastapi import Depends, Request

from services.billing.provider import Provider
from shared.database import Database


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _provider(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    return provider


# For the routes that ask Stripe: their transactions end before the call, so they open them themselves.
DatabaseDep = Annotated[Database, Depends(_database)]
ProviderDep = Annotated[Provider, Depends(_provider)]
