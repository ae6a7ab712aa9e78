"""The notifications worker: `python -m services.notifications.worker`."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from services.notifications.broadcasts import hand_out_chunk
from services.notifications.handlers import HANDLERS
from services.notifications.housekeeping import forget_recipients
from services.notifications.mailer import MailServer
from services.notifications.outgoing import MailPolicy
from services.notifications.postman import Postman
from services.notifications.rendering import Site, set_academy
from services.notifications.settings import Settings
from shared.jobs import Job
from shared.startup import refuses_bad_settings
from shared.worker import Step, Worker, run


@refuses_bad_settings("notifications")
def create_worker(settings: Settings | None = None) -> Worker:
    """The worker, with settings from the environment unless given."""
    settings = settings or Settings()
    set_academy(settings.academy_name)
    postman = create_postman(settings)
    steps: dict[str, Step] = {"broadcasts": hand_out_chunk, "mail": postman.step}
    steps |= {f"mail-{number}": postman.step for number in range(2, settings.mail_connections + 1)}
    kept = timedelta(days=settings.delivery_days)
    jobs = [Job("forget-recipients", timedelta(hours=1), partial(forget_recipients, kept=kept))]
    return Worker("notifications", settings, HANDLERS, jobs, steps)


def create_postman(settings: Settings) -> Postman:
    """Sends mail as the settings say. It keeps no state between rounds, so loops may share it."""
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        sender=settings.mail_from,
        hello=urlsplit(settings.public_url).hostname or settings.mail_domain,
        timeout=settings.smtp_timeout_seconds,
        username=settings.smtp_username or None,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
    )
    policy = MailPolicy(
        attempts=settings.mail_attempts,
        first_wait=timedelta(seconds=settings.mail_first_retry_seconds),
        lease=timedelta(seconds=settings.mail_lease_seconds),
    )
    return Postman(server, policy, Site(settings.frontend_url, settings.public_url), settings.mail_domain)


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
