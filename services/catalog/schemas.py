"""What the folders' schemas have in common."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from shared.schemas import VISIBLE, Input, LongText

Markdown = Annotated[LongText, Field(description="Markdown")]
Message = Annotated[LongText, StringConstraints(min_length=1, max_length=10_000), VISIBLE]
Position = Annotated[int, Field(strict=True, ge=1, le=100_000, description="1 is first; beyond the end is last")]


class Change(Input):
    """Parent of PATCH bodies: a field left out stays as it is; null is refused."""

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("may be left out, but not null")
        return value

    def changes(self) -> dict[str, Any]:
        """What was sent, by field."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Output(BaseModel):
    """Parent of what we answer: an allow-list of attributes."""

    model_config = ConfigDict(from_attributes=True)
