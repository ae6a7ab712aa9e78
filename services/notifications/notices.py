"""Something to tell: composed once, told to any number of people, in the app and by mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.notifications import course_mails, deliveries, messages, people
from services.notifications.models import Person
from services.notifications.rendering import render_note, render_title
from services.notifications.texts import many_lines, one_line, written_time

# A link with a secret in it goes to the mailbox only; small news need no mail.
MAIL_ONLY = frozenset(
    {
        *("email_verification", "email_change_new", "email_change_old", "password_reset"),
        *("account_exists", "export_ready", "invitation"),
    }
)
# To an address that nobody has confirmed, or on a stranger's request: whoever chose a name must not write to it.
WITHOUT_NAME = frozenset({"email_verification", "email_change_new", "account_exists", "invitation"})
IN_APP_ONLY = frozenset(
    {"course_completed", "enrollment_revoked", "certificate_revoked", "payment_disputed", "dispute_closed"}
)
# Facts that are moments (RFC 3339): each reader gets them in words, in their own time zone.
MOMENTS = frozenset({"when", "time", "expires"})


@dataclass(frozen=True)
class Notice:
    """`kind` names the templates; `fact` is what happened: a person is told one kind of one fact once. `link` is a
    path of the front end; `title` and `body` name times in UTC."""

    kind: str
    fact: str
    link: str
    title: str
    body: str
    context: Mapping[str, str]


def compose(kind: str, fact: object, link: str, **facts: str) -> Notice:
    """The notice in words. Foreign texts are put on one line each, except `body`. Raises Unrenderable."""
    context = {name: many_lines(text) if name == "body" else one_line(text) for name, text in facts.items()}
    return replace(localize(Notice(kind, str(fact), link, "", "", context), "UTC"), context=context)


def localize(notice: Notice, time_zone: str) -> Notice:
    """The notice with its times in words, in this time zone. Raises Unrenderable."""
    moments = {name: _in_words(notice.context[name], time_zone) for name in MOMENTS & notice.context.keys()}
    context = {**notice.context, **moments}
    body = "" if notice.kind in MAIL_ONLY else render_note(notice.kind, context)
    return replace(notice, title=render_title(notice.kind, context), body=body, context=context)


def _in_words(moment: str, time_zone: str) -> str:
    try:
        return written_time(datetime.fromisoformat(moment), time_zone)
    except ValueError:
        # A broadcast of the release before has it in words already.
        return moment


def tell(session: Session, user_id: UUID, notice: Notice) -> None:
    """Tells one person. Raises people.PersonUnknown."""
    tell_all(session, [people.get_person(session, user_id)], notice)


def tell_address(session: Session, user_id: UUID, email: str, notice: Notice) -> None:
    """Mails an address that nobody has confirmed; `user_id` is whose it will be."""
    deliveries.queue_mails(session, [_mail(Person(user_id=user_id, email=email), localize(notice, "UTC"), False)])


def tell_all(session: Session, receivers: Sequence[Person], notice: Notice, is_bulk: bool = False) -> None:
    """Tells each of them once, however often it is called, and nobody who was erased. Bulk mail lets other mail go
    first."""
    receivers = [person for person in receivers if not person.erased]
    # Rendered once for each time zone, and not for each receiver.
    words = {time_zone: localize(notice, time_zone) for time_zone in {person.time_zone for person in receivers}}
    told = [(person, words[person.time_zone]) for person in receivers]
    if notice.kind not in MAIL_ONLY:
        messages.add_messages(session, [_message(person, localized) for person, localized in told])
    if notice.kind not in IN_APP_ONLY:
        mailed = [pair for pair in told if pair[0].course_mails or notice.kind not in course_mails.KINDS]
        deliveries.queue_mails(session, [_mail(person, localized, is_bulk) for person, localized in mailed])


def _message(person: Person, notice: Notice) -> dict[str, object]:
    return {
        "dedupe_key": _key(person, notice),
        "user_id": person.user_id,
        "kind": notice.kind,
        "title": notice.title,
        "body": notice.body,
        "link": notice.link,
    }


def _mail(person: Person, notice: Notice, is_bulk: bool) -> dict[str, object]:
    name = "" if notice.kind in WITHOUT_NAME else person.name
    return {
        "dedupe_key": _key(person, notice),
        "user_id": person.user_id,
        "kind": notice.kind,
        "recipient": person.email,
        "subject": notice.title,
        "context": {**notice.context, "name": name, "link": notice.link, **_way_out(person, notice)},
        "is_bulk": is_bulk,
    }


def _way_out(person: Person, notice: Notice) -> dict[str, str]:
    return {"unsubscribe": course_mails.unsubscribe_path(person)} if notice.kind in course_mails.KINDS else {}


def _key(person: Person, notice: Notice) -> str:
    return f"{notice.kind}:{notice.fact}:{person.user_id}"
