"""What goes over the wire about exports and erasures."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from services.identity.schemas import Input


class ServiceAnswer(BaseModel):
    service: str
    answered: bool


class ExportRead(BaseModel):
    """`expires_at`: until when the mailed link works."""

    id: UUID
    status: Literal["gathering", "ready", "fetched", "expired"]
    requested_at: datetime
    expires_at: datetime | None
    services: list[ServiceAnswer]


class ExportFetch(Input):
    """`token` is in the mailed link, behind `#token=`."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class ServiceReceipt(BaseModel):
    """`counts`: rows erased or made nobody's, by table. Without `erased_at` the service has not answered yet."""

    service: str
    erased_at: datetime | None
    counts: dict[str, int]


class ErasureRead(BaseModel):
    """`asked_at` is when the services were asked last."""

    id: UUID
    user_id: UUID
    status: Literal["running", "done"]
    requested_at: datetime
    asked_at: datetime
    services: list[ServiceReceipt]
