"""The certificates worker: `python -m services.certificates.worker`."""

from services.certificates.handlers import HANDLERS
from services.certificates.settings import Settings
from shared.worker import Worker, run


def create_worker(settings: Settings | None = None) -> Worker:
    """The worker, with settings from the environment unless given."""
    return Worker("certificates", settings or Settings(), HANDLERS)


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
