"""The other services as certificates sees them: by their events."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.events import (
    CourseCompleted,
    CoursePublished,
    CourseUpdated,
    EnrollmentGranted,
    EnrollmentRevoked,
    UserRegistered,
    UserUpdated,
)
from shared.testing import Harness
from shared.testing.harness import Caller

COMPLETED_AT = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)


@dataclass
class Story:
    """One learner and one course: the events that catalog and identity would publish about them."""

    name: str = "Ada Lovelace"
    title: str = "Practical Python for Data Work"
    user_id: UUID = field(default_factory=uuid7)
    course_id: UUID = field(default_factory=uuid7)
    enrollment_id: UUID = field(default_factory=uuid7)

    def registered(self) -> UserRegistered:
        return UserRegistered(user_id=self.user_id, version=1, email="x@y.test", name=self.name, roles=["student"])

    def renamed(self, name: str, version: int) -> UserUpdated:
        return UserUpdated(user_id=self.user_id, version=version, email="x@y.test", name=name, roles=["student"])

    def published(self, slug: str = "practical-python") -> CoursePublished:
        return CoursePublished(**self._course(slug, 1))

    def course_changed(self, slug: str, version: int) -> CourseUpdated:
        return CourseUpdated(**self._course(slug, version))

    def granted(self, version: int = 1) -> EnrollmentGranted:
        return EnrollmentGranted(**self._enrollment(version), grant_id=uuid7())

    def revoked(self, version: int, reason: str = "payment refunded", active: bool = False) -> EnrollmentRevoked:
        return EnrollmentRevoked(**self._enrollment(version), grant_id=uuid7(), reason=reason, active=active)

    def completed(self, version: int = 2) -> CourseCompleted:
        return CourseCompleted(**self._enrollment(version), completed_at=COMPLETED_AT)

    def _course(self, slug: str, version: int) -> dict[str, Any]:
        return {
            "course_id": self.course_id,
            "version": version,
            "slug": slug,
            "title": self.title,
            "instructor_id": uuid7(),
            "price_amount": 4900,
            "price_currency": "USD",
        }

    def _enrollment(self, version: int) -> dict[str, Any]:
        return {
            "enrollment_id": self.enrollment_id,
            "version": version,
            "user_id": self.user_id,
            "course_id": self.course_id,
            "course_title": self.title,
        }


class School:
    """The service under test and shortcuts to what tests ask of it again and again."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness

    def graduate(self, **facts: Any) -> tuple[Story, Caller, dict[str, Any]]:
        """A learner who completed a course: their story, themselves with a token, and their certificate as read."""
        story = Story(**facts)
        for event in (story.registered(), story.published(), story.granted(), story.completed()):
            self.harness.deliver(event)
        learner = self.learner(story)
        return story, learner, self.certificates_of(story)[0]

    def learner(self, story: Story) -> Caller:
        return self.harness.caller(user_id=story.user_id)

    def certificates_of(self, story: Story) -> list[dict[str, Any]]:
        answer = self.learner(story).get("/api/v1/certificates")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def verify(self, code: str, accept: str = "application/json") -> Any:
        return self.harness.client.get(f"/api/v1/certificates/verify/{code}", headers={"Accept": accept})
