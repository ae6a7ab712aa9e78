"""Identity's worker: relays the outbox, cleans up, sweeps pictures and seals the audit log."""

from datetime import timedelta

from services.identity.auditing.chain import seal_audit
from services.identity.avatars.pictures import sweep_avatars
from services.identity.handlers import HANDLERS
from services.identity.housekeeping import clean_up
from services.identity.privacy.exports import clean_up_exports
from services.identity.settings import Settings
from shared.jobs import Job
from shared.storage import Storage
from shared.worker import Worker, run


def create_worker(settings: Settings | None = None) -> Worker:
    """What the worker process runs."""
    settings = settings or Settings()
    storage = Storage(settings.storage_url)
    jobs = [
        Job("clean_up", timedelta(minutes=10), clean_up),
        Job("clean-up-exports", timedelta(hours=1), clean_up_exports),
        Job("seal-audit", timedelta(minutes=1), seal_audit),
        Job("sweep-avatars", timedelta(minutes=1), lambda database: sweep_avatars(database, storage)),
    ]
    return Worker("identity", settings, HANDLERS, jobs)


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
