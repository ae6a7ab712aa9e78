"""How an operation is called when its path, the ids of the world and the document's example do not say it all.

A recipe is asked for each call, so what a call uses up it gets anew. Its names fill the path and the body alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from services.catalog.tests.samples import PDF, PDF_TYPE
from services.identity.tests.people import PASSWORD, new_email
from tests.authorization.world import World

EXAMPLE = object()


@dataclass(frozen=True)
class Want:
    """`names` by path parameter or body field; `body` instead of the document's example; `newcomer`: the caller is
    somebody new of the same role, because the call ends or changes who makes it."""

    names: Mapping[str, Any] = field(default_factory=dict)
    body: Any = EXAMPLE
    query: Mapping[str, Any] = field(default_factory=dict)
    upload: Mapping[str, Any] | None = None
    newcomer: bool = False


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(minutes=10)).isoformat()


def _pdf(world: World, **fields: Any) -> Want:
    ids = {"course_id": world.ids["course_id"], "lesson_id": world.ids["lesson_id"], **fields}
    return Want(upload={"data": ids, "files": {"file": ("notes.pdf", PDF, PDF_TYPE)}})


def _names(**names: Any) -> Want:
    return Want(names)


def _body(**body: Any) -> Want:
    return Want(body=body)


NEWCOMER = Want(newcomer=True)
RECIPES: dict[str, Callable[[World], Want]] = {
    # identity: what ends or changes an account or a session
    "logout": lambda w: NEWCOMER,
    "end_sessions": lambda w: NEWCOMER,
    "erase_me": lambda w: NEWCOMER,
    "change_password": lambda w: Want(
        body={"current_password": PASSWORD, "password": "marble kettle daylight 58"}, newcomer=True
    ),
    "begin_totp": lambda w: NEWCOMER,
    "end_session": lambda w: _names(session_id=w.new_session("owner")),
    "remove_passkey": lambda w: _names(passkey_id=w.new_passkey()),
    "remove_identity": lambda w: _names(identity_id=w.new_identity()),
    "remove_avatar": lambda w: NEWCOMER,
    "create_api_key": lambda w: _body(name="Import", scopes=["account:use"]),
    "revoke_api_key": lambda w: _names(key_id=w.new_api_key()["id"]),
    "revoke_api_key_of_user": lambda w: _names(key_id=w.new_api_key()["id"]),
    "exchange_api_key": lambda w: Want(
        upload={"data": {"grant_type": "client_credentials", "client_secret": w.api_key["key"]}}
    ),
    "request_email_change": lambda w: Want({"email": new_email()}, newcomer=True),
    "update_me": lambda w: _body(locale="de-AT"),
    "apply_as_instructor": lambda w: Want(body={"motivation": "I have taught for years."}, newcomer=True),
    "register": lambda w: _names(email=new_email()),
    "login": lambda w: _names(email=w.new_account().email, password=PASSWORD),
    "refresh": lambda w: _body(refresh_token=w.newcomer("student").refresh_token),
    "invite_user": lambda w: _names(email=new_email()),
    "update_user": lambda w: _names(user_id=str(w.new_account().id)),
    "suspend_user": lambda w: _names(user_id=str(w.new_account().id)),
    "reactivate_user": lambda w: _names(user_id=w.new_suspended()),
    "sign_out_user": lambda w: _names(user_id=str(w.new_account().id)),
    "move_user": lambda w: _names(user_id=str(w.new_account().id), email=new_email(), reason="shown a passport"),
    "impersonate_user": lambda w: _names(user_id=str(w.new_account().id)),
    "erase_user": lambda w: _names(user_id=str(w.new_account().id)),
    "approve_instructor": lambda w: _names(application_id=w.new_application()),
    "reject_instructor": lambda w: _names(application_id=w.new_application()),
    "read_profile@student": lambda w: _names(user_id=str(w.people["enrolled"].id)),
    **{
        f"replay_{name}_events": lambda w: _body(type="UserRegistered")
        for name in (
            "identity",
            "catalog",
            "billing",
            "certificates",
            "notifications",
            "live",
        )
    },
    # catalog
    "edit_course": lambda w: _body(summary="Short"),
    "edit_lesson": lambda w: _body(title="Lesson one"),
    "edit_module": lambda w: _body(title="Module one"),
    "delete_module": lambda w: _names(module_id=w.course.module()),
    "delete_lesson": lambda w: _names(lesson_id=w.course.lesson(w.ids["module_id"])),
    "publish_course": lambda w: _names(course_id=w.new_draft().id),
    "archive_course": lambda w: _names(course_id=w.new_draft().publish().id),
    "read_course@draft": lambda w: _names(course=w.draft.id),
    "read_lesson@draft": lambda w: _names(course_id=w.draft.id, lesson_id=w.draft.lessons[0]),
    "read_lesson@preview": lambda w: _names(lesson_id=w.preview_id),
    "enroll": lambda w: Want({"course_id": w.free.id}, newcomer=True),
    "enroll@paid": lambda w: NEWCOMER,
    "enroll@draft": lambda w: Want({"course_id": w.draft.id}, newcomer=True),
    "upload_file": _pdf,
    "play_file": lambda w: Want(query={"expires": "4102444800", "signature": "wrong"}),
    "delete_file": lambda w: _names(file_id=w.new_file()),
    # notifications
    "update_notification_settings": lambda w: _body(course_mails=True),
    "show_unsubscribe_page": lambda w: _names(token=str(uuid7())),
    "unsubscribe": lambda w: _names(token=str(uuid7())),
    # live
    "schedule_live_session": lambda w: _names(starts_at=_soon()),
    "change_live_session": lambda w: _body(title="Questions"),
    "cancel_live_session": lambda w: _names(live_session_id=w.new_live_session()),
    # billing
    "start_checkout": lambda w: Want(body={"course_id": w.course.id}, newcomer=True),
    "quote_price": lambda w: _body(course_id=w.course.id),
    "cancel_order": lambda w: _names(order_id=w.new_order()),
    "return_course": lambda w: _names(order_id=w.new_paid_order()),
    "refund_payment": lambda w: Want({"order_id": w.new_paid_order()}, {"reason": "asked for"}),
    "create_coupon": lambda w: _body(code=w.unique("C"), percent=10),
    "end_coupon": lambda w: _names(coupon_id=w.new_coupon()),
    "record_payout": lambda w: _body(
        instructor_id=str(w.people["owner"].id), payout={"amount": 1, "currency": "USD"}, reference=w.unique("bank")
    ),
    "read_revenue": lambda w: Want(query={"group": "day"}),
    "receive_stripe_event": lambda w: _body(id="evt_forged", type="checkout.session.completed"),
    # certificates: the second one is for revoking, so that the first stays as it is
    "revoke_certificate": lambda w: _names(certificate_id=w.certificate_to(revoke=True)),
    "restore_certificate": lambda w: _names(certificate_id=w.certificate_to(revoke=False)),
}
