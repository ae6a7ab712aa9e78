import pytest
from uuid_utils.compat import uuid7

from services.notifications.tests.doors import DELIVERIES, URL, deliveries, inbox, mails, wait_until_all_sent
from services.notifications.tests.facts import Learner
from shared.testing import Harness

NOTHING = "01a20404-14fb-7124-b83e-66b33d37b83e"


def told_three_times(notifications: Harness) -> Learner:
    learner = Learner()
    for event in (learner.registered(), learner.paid(), learner.granted()):
        notifications.deliver(event)
    return learner


def test_inbox_shows_the_newest_first_page_by_page(notifications: Harness) -> None:
    learner = told_three_times(notifications)
    caller = notifications.caller(user_id=learner.user_id)
    first = caller.get(URL, params={"limit": 2}).json()
    second = caller.get(URL, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [message["kind"] for message in first["items"] + second["items"]] == ["enrolled", "receipt", "welcome"]
    assert (first["unread_count"], second["next_cursor"]) == (3, None)


def test_reading_one_message_leaves_the_others_unread(notifications: Harness) -> None:
    learner = told_three_times(notifications)
    caller = notifications.caller(user_id=learner.user_id)
    read = inbox(notifications, learner)[1]
    assert caller.post(f"{URL}/{read['id']}/read").status_code == 204
    unread = caller.get(URL, params={"unread": "true"}).json()
    assert [message["kind"] for message in unread["items"]] == ["enrolled", "welcome"]
    assert unread["unread_count"] == 2
    read_at = inbox(notifications, learner)[1]["read_at"]
    assert read_at is not None
    assert caller.post(f"{URL}/{read['id']}/read").status_code == 204
    assert inbox(notifications, learner)[1]["read_at"] == read_at


def test_reading_all_leaves_none_unread_and_other_people_alone(notifications: Harness) -> None:
    learner, other = told_three_times(notifications), told_three_times(notifications)
    caller = notifications.caller(user_id=learner.user_id)
    assert caller.post(f"{URL}/read-all").status_code == 204
    assert caller.get(URL, params={"unread": "true"}).json() == {"items": [], "next_cursor": None, "unread_count": 0}
    assert notifications.caller(user_id=other.user_id).get(URL).json()["unread_count"] == 3


def test_message_of_somebody_else_does_not_exist(notifications: Harness) -> None:
    learner = told_three_times(notifications)
    message = inbox(notifications, learner)[0]
    for caller in (notifications.caller(), notifications.caller("admin")):
        answer = caller.post(f"{URL}/{message['id']}/read")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:academy:problem:notification-not-found")
        assert caller.get(URL).json()["items"] == []
    assert inbox(notifications, learner)[0]["read_at"] is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{URL}/not-an-id/read", 422),
        ("POST", f"{URL}/{NOTHING}/read", 404),
        ("GET", f"{URL}?cursor=nonsense", 422),
        ("GET", f"{URL}?cursor=WyJhIl0", 422),
        ("GET", f"{URL}?limit=0", 422),
        ("GET", f"{URL}?unread=perhaps", 422),
    ],
)
def test_bad_request_is_answered_with_a_problem(method: str, path: str, status: int, notifications: Harness) -> None:
    answer = notifications.caller().request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", URL), ("POST", f"{URL}/{NOTHING}/read"), ("POST", f"{URL}/read-all"), ("GET", DELIVERIES)],
)
def test_nobody_without_a_token_gets_in(method: str, path: str, notifications: Harness) -> None:
    assert notifications.client.request(method, path).status_code == 401


@pytest.mark.parametrize(("role", "reads"), [("student", 403), ("instructor", 403), ("support", 200)])
def test_support_reads_deliveries_and_only_administrators_retry(role: str, reads: int, notifications: Harness) -> None:
    caller = notifications.caller(role)
    assert caller.get(DELIVERIES).status_code == reads
    assert caller.post(f"{DELIVERIES}/{uuid7()}/retry").status_code == 403


def test_deliveries_are_found_by_recipient_and_state(notifications: Harness) -> None:
    learner = told_three_times(notifications)
    found = mails(notifications, learner)
    assert [delivery["kind"] for delivery in found] == ["enrolled", "receipt", "welcome"]
    assert {delivery["state"] for delivery in found} == {"queued"}
    assert deliveries(notifications, recipient=learner.email.upper(), state="queued") == found
    assert deliveries(notifications, recipient=learner.email, state="sent") == []
    for query in ({"state": "lost"}, {"recipient": "a\0b"}, {"cursor": "W10"}):
        assert notifications.caller("admin").get(DELIVERIES, params=query).status_code == 422


def test_delivery_list_shows_no_link_with_a_secret(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.reset("very-secret"))
    answer = notifications.caller("admin").get(DELIVERIES, params={"recipient": learner.email})
    assert "password_reset" in answer.text
    assert "very-secret" not in answer.text


def test_retry_answers_unknown_and_sent_mails_with_a_problem(notifications: Harness) -> None:
    admin = notifications.caller("admin")
    assert admin.post(f"{DELIVERIES}/{uuid7()}/retry").status_code == 404
    learner = Learner()
    notifications.deliver(learner.registered())
    delivery_id = mails(notifications, learner)[0]["id"]
    assert admin.post(f"{DELIVERIES}/{delivery_id}/retry").status_code == 200
    with notifications.running_worker("mail"):
        wait_until_all_sent(notifications, learner)
    answer = admin.post(f"{DELIVERIES}/{delivery_id}/retry")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:delivery-already-sent")
