"""The worker process of catalog: `python -m services.catalog.worker`."""

from datetime import timedelta

from services.catalog.files.sweeping import sweep_files
from services.catalog.handlers import HANDLERS
from services.catalog.settings import Settings
from shared.jobs import Job
from shared.startup import refuses_bad_settings
from shared.storage import Storage
from shared.worker import Worker, run


@refuses_bad_settings("catalog")
def create_worker(settings: Settings | None = None) -> Worker:
    """Payments in, enrollments out, and files that no lesson holds any more swept away."""
    settings = settings or Settings()
    storage = Storage(settings.storage_url)
    sweep = Job("sweep_files", timedelta(minutes=5), lambda database: sweep_files(database, storage))
    return Worker("catalog", settings, HANDLERS, jobs=[sweep])


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
