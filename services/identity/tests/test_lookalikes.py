"""Addresses that look like other addresses: refused by a rule that asks no table, so that the refusal tells nothing."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.identity.tests.people import Person, new_account, new_email, register
from services.identity.tests.test_a7_no_enumeration import words
from shared.events import EmailVerificationRequested, RegistrationRepeated
from shared.testing import Harness


def reason(answer: Any) -> tuple[int, str, str]:
    [error] = answer.json()["errors"]
    return answer.status_code, error["field"], error["code"]


@pytest.mark.parametrize(
    "address",
    [
        "\u0430nn@example.com",
        "ann@ex\u0430mple.com",
        "\u0430\u0440\u0440\u0435@example.com",
        "ann@\u0430\u0440\u0440\u04cf\u0435.com",
        "ann@xn--80ak6aa92e.com",
        "\u03bfra@example.com",
        "\u0131nn@example.com",
        "\u0251nn@example.com",
        "\u0430\u0440.lee@example.com",
    ],
    ids=[
        "a Cyrillic letter in a Latin name",
        "a Cyrillic letter in a Latin domain",
        "a Latin name in Cyrillic letters",
        "a Latin domain in Cyrillic letters",
        "the same in its ASCII form",
        "a Greek letter in a Latin name",
        "an i without its dot",
        "a Latin letter that looks like another",
        "one word of several",
    ],
)
def test_an_address_that_reads_as_another_is_refused(identity: Harness, address: str) -> None:
    assert reason(register(identity, email=address)) == (422, "email", "lookalike")


@pytest.mark.parametrize(
    "name",
    [
        "m\u00fcller",
        "jos\u00e9",
        "s\u00f8ren",
        "\u0438\u0432\u0430\u043d",
        "\u03c0\u03b1\u03bd\u03bf\u03c2",
        "\u5c71\u7530\u305f\u308d\u3046",
        "\uae40\ucca0\uc218",
    ],
)
def test_names_of_other_languages_are_names(identity: Harness, name: str) -> None:
    asked = register(identity, email=f"{name}.{uuid7().int % 10**9}@b\u00fccher.example")
    assert asked.status_code == 202, asked.text


def test_the_refusal_is_the_same_whether_or_not_the_other_address_has_an_account(identity: Harness) -> None:
    known, unknown = new_account(identity).email, new_email()
    answers = []
    for email in (known, unknown):
        trick = email.replace("ann", "\u0430nn")
        answers.append(words(register(identity, email=trick), trick))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


@pytest.mark.parametrize("spelling", ["nfd", "fullwidth domain", "upper case", "ideographic full stop"])
def test_spellings_of_one_address_are_one_address(identity: Harness, spelling: str) -> None:
    tail = new_email().removeprefix("ann.").replace("example.com", "b\u00fccher.example")
    owner = new_account(identity, email=f"ren\u00e9.{tail}")
    other = {
        "nfd": f"rene\u0301.{tail}",
        "fullwidth domain": f"ren\u00e9.{tail}".replace("example", "\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45"),
        "upper case": f"REN\u00c9.{tail}".replace("\u00fc", "\u00dc"),
        "ideographic full stop": f"ren\u00e9.{tail}".replace(".example", "\u3002example"),
    }[spelling]
    assert register(identity, email=other).status_code == 202
    assert len(identity.published(RegistrationRepeated, owner.id)) == 1
    assert owner.try_sign_in(email=other).status_code == 200


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u00a0", "\u3164", "\u034f", "\ufe0f"]
)
def test_letters_that_cannot_be_seen_are_refused(identity: Harness, hidden: str) -> None:
    asked = register(identity, email=new_email().replace("ann", f"an{hidden}n"))
    assert (asked.status_code, asked.json()["errors"][0]["field"]) == (422, "email")


def test_a_lookalike_of_the_administrator_is_not_invited_either(identity: Harness, admin: Person) -> None:
    trick = admin.email.replace("ann", "\u0430nn")
    refused = admin.browser.post("/api/v1/admin/users", json={"email": trick, "name": "Ann"})
    assert reason(refused) == (422, "email", "lookalike")
    assert [fact for fact in identity.published(EmailVerificationRequested) if fact.email == trick] == []


def test_an_address_is_not_changed_to_a_lookalike(person: Person) -> None:
    refused = person.browser.post("/api/v1/auth/email-change", json={"email": "\u0430nn@example.com"})
    assert reason(refused) == (422, "email", "lookalike")


def test_an_account_of_before_the_rule_can_still_be_entered(identity: Harness) -> None:
    old = new_account(identity, email=new_email().replace("ann", "\u0430nn"))
    assert old.try_sign_in().status_code == 200
    assert identity.client.post("/api/v1/auth/password-reset", json={"email": old.email}).status_code == 202
