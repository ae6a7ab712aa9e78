"""Brings the queued mails to the mail server, one connection per round."""

import time

from services.notifications import outgoing
from services.notifications.mailer import (
    Batch,
    Mail,
    MailPostponed,
    MailRefused,
    MailServer,
    MailServerUnavailable,
    open_batch,
)
from services.notifications.models import Delivery
from services.notifications.outgoing import MailPolicy
from services.notifications.rendering import Site, Unrenderable, render_mail, unsubscribe_url
from shared import failpoints
from shared.database import Database

ROUND_SECONDS = 2.0


class Postman:
    """Step of a mail loop; several may run at once. `domain` is the right side of our Message-IDs."""

    def __init__(self, server: MailServer, policy: MailPolicy, site: Site, domain: str) -> None:
        self._server = server
        self._policy = policy
        self._site = site
        self._domain = domain

    def step(self, database: Database) -> bool:
        """Sends what is due, for about two seconds. Returns True when there may be more. Raises
        MailServerUnavailable: then nothing can go out, and the loop pauses."""
        delivery = self._claim(database)
        if delivery is None:
            return False
        end = time.monotonic() + ROUND_SECONDS
        with open_batch(self._server) as batch:
            while delivery is not None:
                self._send(database, batch, delivery)
                if time.monotonic() > end:
                    return True
                delivery = self._claim(database)
        return False

    def _claim(self, database: Database) -> Delivery | None:
        with database.begin() as session:
            return outgoing.claim_next(session, self._policy, self._domain)

    def _send(self, database: Database, batch: Batch, delivery: Delivery) -> None:
        # No transaction is open while the server thinks.
        try:
            batch.send(self._write(delivery))
            failpoints.reach("mail-after-data")
        except MailServerUnavailable as error:
            with database.begin() as session:
                outgoing.put_back(session, delivery, str(error))
            raise
        except MailPostponed as error:
            with database.begin() as session:
                outgoing.postpone(session, delivery, self._policy, str(error))
        except (MailRefused, Unrenderable) as error:
            with database.begin() as session:
                outgoing.fail(session, delivery, str(error))
        else:
            with database.begin() as session:
                outgoing.mark_sent(session, delivery)

    def _write(self, delivery: Delivery) -> Mail:
        text, html = render_mail(delivery.kind, delivery.context, self._site)
        return Mail(
            recipient=delivery.recipient,
            subject=delivery.subject,
            text=text,
            html=html,
            message_id=delivery.message_id or "",
            written_at=delivery.created_at,
            unsubscribe_url=unsubscribe_url(delivery.context, self._site),
        )
