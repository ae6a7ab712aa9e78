"""News from the instructor to everyone enrolled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.courses.models import DRAFT, Announcement
from services.catalog.courses.ownership import lock_own_course
from services.catalog.visitors import Visitor
from shared import limits, outbox
from shared.errors import Conflict
from shared.events import AnnouncementPosted
from shared.limits import Limit
from shared.pagination import PageRequest, cut_page, sort_key

# Each is a mail to everybody enrolled.
ANNOUNCEMENTS = Limit("announcements", "announcements", 10, "course", timedelta(days=1), "Put more into one of them.")


class NobodyToTell(Conflict):
    slug, title = "course-not-published", "Nobody can be enrolled in a draft"
    detail = "Publish the course first."


def post_announcement(session: Session, course_id: UUID, visitor: Visitor, title: str, body: str) -> Announcement:
    """The announcement; notifications brings it to the enrolled. Raises NobodyToTell for a draft,
    LimitReached."""
    course = lock_own_course(session, course_id, visitor)
    if course.status == DRAFT or visitor.user_id is None:
        raise NobodyToTell
    limits.use(session, ANNOUNCEMENTS, course.id)
    announcement = Announcement(
        id=uuid7(), course_id=course.id, author_id=visitor.user_id, title=title, body=body, posted_at=datetime.now(UTC)
    )
    session.add(announcement)
    outbox.add(
        session,
        AnnouncementPosted(
            announcement_id=announcement.id,
            course_id=course.id,
            course_title=course.title,
            author_id=announcement.author_id,
            title=title,
            body=body,
            posted_at=announcement.posted_at,
        ),
    )
    return announcement


def list_announcements(session: Session, course_id: UUID, page: PageRequest) -> tuple[list[Announcement], str | None]:
    """The course's announcements, newest first. Whoever calls has checked that the reader may see the course."""
    statement = select(Announcement).where(Announcement.course_id == course_id)
    if after := sort_key(page, UUID):
        statement = statement.where(Announcement.id < after[0])
    rows = session.scalars(statement.order_by(Announcement.id.desc()).limit(page.limit + 1)).all()
    return cut_page(rows, page, lambda row: [row.id])
