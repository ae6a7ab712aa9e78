"""The live worker: `python -m services.live.worker`."""

from services.live.handlers import HANDLERS
from services.live.settings import Settings
from shared.worker import Worker, run


def create_worker(settings: Settings | None = None) -> Worker:
    """The worker, with settings from the environment unless given."""
    return Worker("live", settings or Settings(), HANDLERS)


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
