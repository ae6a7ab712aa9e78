"""The parent of this service's tables. Amounts are minor units of the currency beside them."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import DeclarativeBase

from shared.database import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    """Parent of this service's tables."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES | {int: BigInteger}
