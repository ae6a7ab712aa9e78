"""Identity's worker: relays the outbox, cleans up, sweeps pictures, seals the audit log and secrets."""

from datetime import timedelta

from services.identity.avatars.pictures import sweep_avatars
from services.identity.factors.totp import reseal_secrets
from services.identity.handlers import HANDLERS
from services.identity.housekeeping import clean_up
from services.identity.privacy.erased_people import keep_ids
from services.identity.privacy.exports import clean_up_exports
from services.identity.secret_box import SecretBox
from services.identity.settings import Settings
from shared.auditing.chain import SEALING
from shared.jobs import Job
from shared.startup import refuses_bad_settings
from shared.storage import Storage
from shared.worker import Worker, run


@refuses_bad_settings("identity")
def create_worker(settings: Settings | None = None) -> Worker:
    """What the worker process runs. Raises EncryptionKeyMissing without ENCRYPTION_KEYS."""
    settings = settings or Settings()
    storage, box = Storage(settings.storage_url), SecretBox(settings.encryption_keys)
    jobs = [
        Job("clean_up", timedelta(minutes=10), clean_up),
        Job("clean-up-exports", timedelta(hours=1), clean_up_exports),
        SEALING,
        Job("reseal-secrets", timedelta(minutes=1), lambda database: reseal_secrets(database, box)),
        Job("sweep-avatars", timedelta(minutes=1), lambda database: sweep_avatars(database, storage)),
        Job("keep-erased-ids", timedelta(minutes=1), lambda database: keep_ids(database, storage)),
    ]
    return Worker("identity", settings, HANDLERS, jobs)


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
