"""The live worker: `python -m services.live.worker`."""

from datetime import timedelta
from functools import partial

from services.live.handlers import HANDLERS
from services.live.reminders import remind_learners
from services.live.settings import Settings
from shared.jobs import Job
from shared.startup import refuses_bad_settings
from shared.worker import Worker, run

REMIND_EVERY = timedelta(minutes=1)


@refuses_bad_settings("live")
def create_worker(settings: Settings | None = None) -> Worker:
    """The worker, with settings from the environment unless given."""
    settings = settings or Settings()
    lead = timedelta(minutes=settings.reminder_minutes)
    reminders = Job("reminders", REMIND_EVERY, partial(remind_learners, lead=lead))
    return Worker("live", settings, HANDLERS, jobs=[reminders])


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
