"""Times in the reader's time zone, and the school's own name."""

from services.notifications import rendering
from services.notifications.settings import Settings
from services.notifications.tests.doors import inbox, wait_until_all_sent
from services.notifications.tests.facts import live_facts
from services.notifications.tests.smtp_sink import Sink
from services.notifications.tests.test_events import newcomer
from shared import events as e
from shared.testing import Harness, wait_until


def test_times_are_written_in_the_time_zone_of_each_reader(notifications: Harness, worker: Harness, sink: Sink) -> None:
    abroad, unknown = newcomer(notifications), newcomer(notifications)
    notifications.deliver(abroad.updated(2, time_zone="America/New_York"))
    notifications.deliver(unknown.updated(2, time_zone="Mars/Olympus"))
    for learner, words in ((abroad, "13:00 America/New_York"), (unknown, "18:00 UTC")):
        notifications.deliver(learner.reminded())
        wait_until_all_sent(worker, learner)
        assert f"4 Mar 2031, {words}" in inbox(notifications, learner)[0]["body"]
        mail = sink.mail(learner.email, "Soon")
        assert all(f"4 Mar 2031, {words}" in mail.part(kind) for kind in ("plain", "html"))


def test_news_of_a_course_are_written_in_the_time_zone_of_each_learner(notifications: Harness, worker: Harness) -> None:
    learners = [newcomer(notifications), newcomer(notifications)]
    course_id = learners[0].course_id
    for learner, time_zone in zip(learners, ("Asia/Tokyo", "Europe/Vienna"), strict=True):
        notifications.deliver(learner.updated(2, time_zone=time_zone))
        notifications.deliver(learner.granted(1).model_copy(update={"course_id": course_id}))
    notifications.deliver(e.LiveSessionScheduled(**live_facts(course_id)))
    times = ("5 Mar 2031, 03:00 Asia/Tokyo", "4 Mar 2031, 19:00 Europe/Vienna")
    for learner, words in zip(learners, times, strict=True):
        wait_until(lambda who=learner: inbox(notifications, who)[0]["kind"] == "live_session_scheduled")  # type: ignore[misc]
        assert words in inbox(notifications, learner)[0]["body"]


def test_mails_call_the_school_by_its_name(notifications: Harness) -> None:
    rendering.set_academy("Kant School")
    try:
        learner = newcomer(notifications)
    finally:
        rendering.set_academy(Settings.model_fields["academy_name"].default)
    assert inbox(notifications, learner)[0]["title"] == "Welcome to Kant School"
