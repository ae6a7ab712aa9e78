"""What tests see of the service: its API."""

from typing import Any

from services.notifications.tests.facts import Learner
from shared.testing import Harness, wait_until

URL = "/api/v1/notifications"
DELIVERIES = "/api/v1/admin/notifications/deliveries"


def inbox(notifications: Harness, learner: Learner) -> list[dict[str, Any]]:
    """The learner's messages, newest first."""
    answer = notifications.caller(user_id=learner.user_id).get(URL, params={"limit": 100})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def deliveries(notifications: Harness, **query: str) -> list[dict[str, Any]]:
    """Deliveries as an administrator sees them, newest first."""
    answer = notifications.caller("admin").get(DELIVERIES, params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def mails(notifications: Harness, learner: Learner) -> list[dict[str, Any]]:
    """The learner's deliveries, newest first."""
    return deliveries(notifications, recipient=learner.email)


def wait_until_all_sent(notifications: Harness, *learners: Learner) -> None:
    """Returns when no mail of theirs waits; without learners, nobody's."""

    def waiting() -> list[dict[str, Any]]:
        if not learners:
            return deliveries(notifications, state="queued") + deliveries(notifications, state="sending")
        return [mail for learner in learners for mail in mails(notifications, learner) if mail["state"] != "sent"]

    wait_until(lambda: not waiting(), seconds=30, what="all mails sent")
