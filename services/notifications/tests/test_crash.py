"""A real worker process is killed while the mail server has the mail and has not said so."""

import os
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import text

from services.notifications.tests.doors import mails
from services.notifications.tests.facts import Learner
from services.notifications.tests.smtp_sink import STALL, Sink
from shared.testing import Harness, wait_until

ROOT = Path(__file__).resolve().parents[3]


def environment(notifications: Harness) -> dict[str, str]:
    settings = {
        name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in notifications.worker.settings
        if value is not None
    }
    return {**os.environ, **settings, "WORKER_PORT": "0", "PYTHONPATH": str(ROOT)}


def test_mail_in_flight_when_the_worker_dies_goes_out_again_with_its_message_id(
    notifications: Harness, sink: Sink
) -> None:
    learner = Learner()
    sink.answer(learner.email, STALL)
    notifications.deliver(learner.registered())
    command = [sys.executable, "-m", "services.notifications.worker"]
    process = subprocess.Popen(command, env=environment(notifications), stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: sink.mails(learner.email), seconds=30, what="the mail at the server")
    finally:
        process.kill()
        process.wait()
    (left,) = mails(notifications, learner)
    assert (left["state"], left["attempts"]) == ("sending", 1)
    with notifications.database.begin() as session:
        # As if the lease had run out.
        session.execute(text("UPDATE deliveries SET next_attempt_at = now() WHERE id = :id"), {"id": left["id"]})
    with notifications.running_worker("mail"):
        wait_until(lambda: len(sink.mails(learner.email)) == 2, seconds=20, what="the second try")
        wait_until(lambda: mails(notifications, learner)[0]["state"] == "sent", what="sent")
    first, second = sink.mails(learner.email)
    assert first.id == second.id == left["message_id"]
