"""What the stories of these tests are made of: an instructor with a course, learners, payments."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from services.catalog.learning.models import Enrollment
from shared.events import DisputeClosed, Event, PaymentDisputed, PaymentRefunded, PaymentSucceeded
from shared.testing import Harness
from shared.testing.harness import Caller

COURSES = "/api/v1/courses"
FREE = {"amount": 0, "currency": "USD"}
PAID = {"amount": 4900, "currency": "USD"}
# A learner and a course.
Given = tuple[UUID, str]


def answer(response: Any, status: int = 200) -> Any:
    """The answer's JSON, when its status is as expected."""
    assert response.status_code == status, f"{response.status_code} {response.text}"
    return response.json() if response.content else None


class TaughtCourse:
    """A course with its instructor, who keeps writing it."""

    def __init__(self, instructor: Caller, **fields: Any) -> None:
        body = {"title": f"Course {uuid7()}", "summary": "Short", "description": "*Long*", "price": FREE, **fields}
        self.instructor = instructor
        self.id: str = answer(instructor.post(COURSES, json=body), 201)["id"]
        self.url = f"{COURSES}/{self.id}"
        self.modules: list[str] = []
        self.lessons: list[str] = []

    def module(self, title: str = "Chapter", **fields: Any) -> str:
        """The id of a new module."""
        created = answer(self.instructor.post(f"{self.url}/modules", json={"title": title, **fields}), 201)
        self.modules.append(str(created["id"]))
        return self.modules[-1]

    def lesson(self, module_id: str | None = None, **fields: Any) -> str:
        """The id of a new lesson, in a new module when none is named."""
        body = {"title": "Lesson", "content": "Secret **text**", **fields}
        url = f"{self.url}/modules/{module_id or self.module()}/lessons"
        lesson = str(answer(self.instructor.post(url, json=body), 201)["id"])
        self.lessons.append(lesson)
        return lesson

    def publish(self) -> "TaughtCourse":
        """The course, published."""
        answer(self.instructor.post(f"{self.url}/publish"))
        return self

    def lesson_url(self, index: int = 0) -> str:
        """The address of one of its lessons."""
        return f"{self.url}/lessons/{self.lessons[index]}"

    def outline(self) -> list[list[str]]:
        """The lesson ids by module, in their order."""
        detail = answer(self.instructor.get(self.url))
        assert [m["position"] for m in detail["modules"]] == list(range(1, len(detail["modules"]) + 1))
        for module in detail["modules"]:
            assert [line["position"] for line in module["lessons"]] == list(range(1, len(module["lessons"]) + 1))
        return [[line["id"] for line in module["lessons"]] for module in detail["modules"]]


class Order:
    """The facts billing may tell about one order; versions grow as billing counts them. `gives`: all that it gives,
    when it is not its course to its buyer."""

    def __init__(
        self, user_id: UUID, course_id: str | UUID, order_id: UUID | None = None, gives: Iterable[Given] = ()
    ) -> None:
        self.id = order_id or uuid7()
        self._facts: dict[str, Any] = {
            "order_id": self.id,
            "user_id": user_id,
            "course_id": course_id,
            "course_title": "as billing knew it",
            "amount": 4900,
            "currency": "USD",
            "grants": [{"user_id": learner, "course_id": course} for learner, course in gives],
        }

    def paid(self, version: int = 1) -> PaymentSucceeded:
        """Money came."""
        return PaymentSucceeded(**self._facts, version=version, paid_at=datetime.now(UTC))

    def refunded(self, version: int, *, full: bool = True) -> PaymentRefunded:
        """Money went back."""
        return PaymentRefunded(**self._facts, version=version, refunded_amount=4900 if full else 100, full=full)

    def disputed(self, version: int, dispute_id: str = "dp_1") -> PaymentDisputed:
        """The bank objects."""
        return PaymentDisputed(**self._facts, version=version, dispute_id=dispute_id)

    def closed(self, version: int, *, won: bool, dispute_id: str = "dp_1") -> DisputeClosed:
        """The bank has decided."""
        return DisputeClosed(**self._facts, version=version, dispute_id=dispute_id, won=won)


class School:
    """Makes people and courses of its own for each test."""

    def __init__(self, catalog: Harness) -> None:
        self.catalog = catalog

    def course(self, lessons: int = 1, instructor: Caller | None = None, **fields: Any) -> TaughtCourse:
        """A published course with its lessons in one module."""
        course = self.draft(lessons, instructor, **fields)
        return course.publish()

    def draft(self, lessons: int = 1, instructor: Caller | None = None, **fields: Any) -> TaughtCourse:
        """A draft with its lessons in one module."""
        course = TaughtCourse(instructor or self.catalog.caller("instructor"), **fields)
        module = course.module() if lessons else ""
        for number in range(lessons):
            course.lesson(module, title=f"Lesson {number + 1}")
        return course

    def learner(self, course: TaughtCourse) -> Caller:
        """A new student, enrolled in the free course."""
        student = self.catalog.caller()
        answer(student.post("/api/v1/enrollments", json={"course_id": course.id}), 201)
        return student

    def told(self, event_type: type[Event], student: Caller, course: TaughtCourse) -> list[Any]:
        """The events of this type about the student's enrollment in the course, oldest first."""
        mine = (Enrollment.user_id == student.user_id, Enrollment.course_id == UUID(course.id))
        with self.catalog.database.begin() as session:
            enrollment = session.scalar(select(Enrollment.id).where(*mine))
        return self.catalog.published(event_type, enrollment) if enrollment else []
