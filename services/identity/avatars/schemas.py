"""Pictures over the wire."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field


class AvatarRead(BaseModel):
    """The paths of a person's picture at the API's address, 256 pixels wide and high and 64."""

    large: str
    small: str


def _addresses(avatar_id: Any) -> Any:
    path = f"/api/v1/users/avatars/{avatar_id}"
    return {"large": f"{path}/large", "small": f"{path}/small"} if isinstance(avatar_id, UUID) else avatar_id


Avatar = Annotated[AvatarRead | None, BeforeValidator(_addresses), Field(validation_alias="avatar_id")]
