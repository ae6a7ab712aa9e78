"""The certificates worker: `python -m services.certificates.worker`."""

from services.certificates.handlers import create_handlers
from services.certificates.settings import Settings
from shared.startup import refuses_bad_settings
from shared.storage import Storage
from shared.worker import Worker, run


@refuses_bad_settings("certificates")
def create_worker(settings: Settings | None = None) -> Worker:
    """The worker, with settings from the environment unless given."""
    settings = settings or Settings()
    return Worker("certificates", settings, create_handlers(Storage(settings.storage_url)))


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
