"""What callers send about courses and what they see of them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from services.catalog.schemas import Change, Markdown, Message, Output, Position
from shared.currencies import LARGEST_AMOUNT, charge_fault
from shared.languages import LanguageTag
from shared.schemas import Input, Name, ShortText

# The currencies we sell in (ISO 4217).
Currency = Literal[
    "USD", "EUR", "GBP", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "INR", "BRL", "JPY"
]
Status = Literal["draft", "published", "archived"]
Language = LanguageTag


class Price(Input):
    """`amount` in minor units (cents), at least the smallest payment in its currency; 0 is free."""

    # Before the amount, whose check needs it.
    currency: Currency
    amount: Annotated[int, Field(strict=True, ge=0, le=LARGEST_AMOUNT)]

    @field_validator("amount")
    @classmethod
    def _can_be_charged(cls, amount: int, info: ValidationInfo) -> int:
        currency = info.data.get("currency")
        if amount and currency and (fault := charge_fault(amount, currency)):
            raise ValueError(f"{fault}; or 0, for a free course")
        return amount


class CourseCreate(Input):
    title: Name
    summary: ShortText = ""
    description: Markdown = ""
    language: Language = "en"
    price: Price


class CourseUpdate(Change):
    title: Name | None = None
    summary: ShortText | None = None
    description: Markdown | None = None
    language: Language | None = None
    price: Price | None = None


class PriceRead(Output):
    amount: int
    currency: str


class CourseCard(Output):
    """A course in the public list."""

    id: UUID
    slug: str
    title: str
    summary: str
    language: str
    price: PriceRead
    instructor_id: UUID
    lesson_count: int
    published_at: datetime | None


class OwnCourseCard(CourseCard):
    """A course in the lists of instructors and administrators."""

    status: Status
    version: int
    created_at: datetime
    updated_at: datetime


class CourseRead(OwnCourseCard):
    """`description_html` is safe to put on a page."""

    description: str
    description_html: str


class LessonLine(Output):
    id: UUID
    title: str
    position: int
    is_preview: bool
    version: int


class ModuleOutline(Output):
    id: UUID
    title: str
    position: int
    version: int
    lessons: list[LessonLine]


class CourseDetail(CourseRead):
    """A course with its outline, in order; lessons without their content."""

    modules: list[ModuleOutline]


class ModuleCreate(Input):
    title: Name
    position: Position | None = None


class ModuleUpdate(Change):
    title: Name | None = None
    position: Position | None = None


class ModuleRead(Output):
    id: UUID
    course_id: UUID
    title: str
    position: int
    version: int


class LessonCreate(Input):
    title: Name
    content: Markdown = ""
    is_preview: Annotated[bool, Field(strict=True, description="Readable without enrollment")] = False
    position: Position | None = None


class LessonUpdate(Change):
    """`module_id` moves the lesson into another module of the course, last unless `position` says where."""

    title: Name | None = None
    content: Markdown | None = None
    is_preview: Annotated[bool | None, Field(strict=True)] = None
    module_id: UUID | None = None
    position: Position | None = None


class LessonRead(Output):
    """`content` is the Markdown as written, `content_html` is safe to put on a page."""

    id: UUID
    course_id: UUID
    module_id: UUID
    title: str
    position: int
    is_preview: bool
    content: str
    content_html: str
    version: int
    updated_at: datetime


class AnnouncementCreate(Input):
    title: Name
    body: Message


class AnnouncementRead(Output):
    id: UUID
    course_id: UUID
    author_id: UUID
    title: str
    body: str
    posted_at: datetime
