"""An account moves to another address: from the mails to both mailboxes to where mail goes afterwards."""

import re

from services.identity.tests.people import new_email, new_person
from services.notifications.tests.smtp_sink import Sink
from shared.testing import wait_until
from tests.e2e.six import Six, at, workers


def link_in(sink: Sink, mailbox: str) -> str:
    """The token of the link that a mailbox has got."""

    def tokens() -> list[str]:
        bodies = [mail.part("plain") for mail in sink.mails(mailbox)]
        return [token for body in bodies for token in re.findall(r"/confirm-email#token=(\S+)", body)]

    return wait_until(tokens, 20, f"a link in {mailbox}")[-1]


def test_mail_goes_to_the_new_address_when_both_mailboxes_have_confirmed(six: Six, sink: Sink) -> None:
    person, email = new_person(six["identity"]), new_email()
    me = at(six, "identity", person)
    with workers(six, "identity", "notifications"):
        wait_until(lambda: sink.mails(person.email), 20, "the welcome")
        assert me.post("/api/v1/auth/email-change", json={"email": email}).status_code == 202
        for mailbox, status in ((email, "waiting"), (person.email, "changed")):
            confirmed = me.post("/api/v1/auth/email-change/confirm", json={"token": link_in(sink, mailbox)})
            assert confirmed.json() == {"status": status}
        told = "The e-mail address of your account was changed"
        wait_until(lambda: told in sink.mails(person.email)[-1].part("plain"), 20, "word to the old mailbox")
        me.post("/api/v1/auth/api-keys", json={"name": "Import", "scopes": ["account:use"]})
        wait_until(lambda: "API key" in sink.mails(email)[-1].part("plain"), 20, "news at the new address")
