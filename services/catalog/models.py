"""The parent of all catalog tables; each folder keeps its own models.py."""

from typing import Any, ClassVar

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase

from shared.database import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    """Texts have no length here: schemas limit them."""

    metadata = new_metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = {**COLUMN_TYPES, str: Text()}
