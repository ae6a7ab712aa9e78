"""HTTP door of the notifications service."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import HTMLResponse

from services.notifications import course_mails, deliveries, messages, unsubscribe_page
from services.notifications.schemas import (
    DeliveryRead,
    DeliveryState,
    MessagePage,
    MessageRead,
    NotificationSettings,
)
from shared.auth import PUBLIC, Actor, require
from shared.database import SessionDep
from shared.pagination import Page, PageDep, cut_page, sort_key
from shared.routing import AcademyRouter
from shared.schemas import ShortText
from shared.telemetry import get_logger

log = get_logger(__name__)

router = AcademyRouter(prefix="/api/v1/notifications", tags=["notifications"])
admin_router = AcademyRouter(prefix="/api/v1/admin/notifications", tags=["notifications: administration"])

Person = Annotated[Actor, require("account:use")]
Administrator = Annotated[Actor, require("notifications:admin")]
Reader = Annotated[Actor, require("notifications:read")]


@router.get("")
def list_notifications(session: SessionDep, actor: Person, page: PageDep, unread: bool = False) -> MessagePage:
    """Your notifications, newest first; `?unread=true` leaves out what you have read."""
    after = sort_key(page, UUID)
    rows = messages.list_messages(session, actor.user_id, unread, after[0] if after else None, page.limit)
    shown, next_cursor = cut_page(rows, page, lambda row: [row.id])
    items = [MessageRead.model_validate(row) for row in shown]
    unread_count = messages.count_unread(session, actor.user_id)
    return MessagePage(items=items, next_cursor=next_cursor, unread_count=unread_count)


@router.post("/read-all", status_code=204)
def mark_all_notifications_read(session: SessionDep, actor: Person) -> None:
    """Marks all of your notifications as read."""
    messages.mark_all_read(session, actor.user_id)


@router.post("/{notification_id}/read", status_code=204)
def mark_notification_read(notification_id: UUID, session: SessionDep, actor: Person) -> None:
    """Marks one of your notifications as read; again is no error."""
    messages.mark_read(session, actor.user_id, notification_id)


@router.get("/settings")
def get_notification_settings(session: SessionDep, actor: Person) -> NotificationSettings:
    """Which mails you get."""
    return NotificationSettings(course_mails=course_mails.wants_course_mails(session, actor.user_id))


@router.put("/settings")
def update_notification_settings(
    settings: NotificationSettings, session: SessionDep, actor: Person
) -> NotificationSettings:
    """Chooses which mails you get."""
    course_mails.choose(session, actor.user_id, settings.course_mails)
    return settings


@router.get("/unsubscribe/{token}", dependencies=[PUBLIC], response_class=HTMLResponse)
def show_unsubscribe_page(token: UUID, session: SessionDep) -> HTMLResponse:
    """The page behind the link of a mail: a button that ends mails about courses. Nothing changes before it is used."""
    course_mails.check_token(session, token)
    return unsubscribe_page.ask()


@router.post("/unsubscribe/{token}", dependencies=[PUBLIC], response_class=HTMLResponse)
def unsubscribe(token: UUID, session: SessionDep) -> HTMLResponse:
    """Ends mails about courses, by the link of a mail and without a sign-in (RFC 8058). Again changes nothing."""
    course_mails.unsubscribe(session, token)
    return unsubscribe_page.confirm()


@admin_router.get("/deliveries")
def list_deliveries(
    session: SessionDep,
    actor: Reader,
    page: PageDep,
    state: DeliveryState | None = None,
    recipient: Annotated[ShortText | None, Query(description="The exact address; case does not matter")] = None,
) -> Page[DeliveryRead]:
    """Mails, newest first: what was sent to whom, what waits, what failed and why."""
    after = sort_key(page, UUID)
    rows = deliveries.list_deliveries(session, state, recipient, after[0] if after else None, page.limit)
    shown, next_cursor = cut_page(rows, page, lambda row: [row.id])
    return Page(items=[DeliveryRead.model_validate(row) for row in shown], next_cursor=next_cursor)


@admin_router.post("/deliveries/{delivery_id}/retry")
def retry_delivery(delivery_id: UUID, session: SessionDep, actor: Administrator) -> DeliveryRead:
    """Sends a failed mail again, a waiting one now. It keeps its Message-ID."""
    delivery = deliveries.retry_delivery(session, delivery_id)
    log.info("delivery retried", delivery_id=str(delivery_id), actor=str(actor.user_id))
    return DeliveryRead.model_validate(delivery)
