"""The headers of mails say what was written, and mails go to the domain that was checked."""

# ruff: noqa: RUF001 (words in many scripts)

import random
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest

from services.notifications.headers import HEADERS
from services.notifications.mailer import Mail, compose

WORDS = {
    "en": "Receipt: introduction to machine learning, part =?utf-8?q?Hello?= 1,000 (new)",
    "de": "Quittung: Einführung in das überwachte Lernen für Anfänger – größer",
    "fr": "Reçu : introduction à l’apprentissage supervisé – séance numéro",
    "ru": "Receipt: Машинное обучение: от идеи до модели",
    "ar": "إيصال: مقدمة في تعلم الآلة",
    "hi": "रसीद: मशीन लर्निंग का परिचय",
    "zh": "收据：机器学习 从想法 到模型",
    "th": "ใบเสร็จ: การเรียนรู้ของเครื่อง 👩🏽‍🚀",
}


def subject_lines(subject: str) -> bytes:
    """The raw lines of the subject in a mail without body."""
    message = EmailMessage(policy=HEADERS.clone(linesep="\r\n"))
    message["Subject"] = subject
    return message.as_bytes().removesuffix(b"\r\n")


def decoded(lines: bytes) -> str:
    # The older of the two decoders of the standard library: it keeps white space as RFC 2047 says.
    raw = str(message_from_bytes(lines, policy=policy.compat32)["Subject"])
    return str(make_header(decode_header(re.sub(r"\r?\n", "", raw))))


@pytest.mark.parametrize("language", WORDS)
def test_subjects_decode_to_what_was_written(language: str) -> None:
    chance = random.Random(language)
    words = WORDS[language].split()
    for _ in range(3000 // len(WORDS)):
        subject = " ".join(chance.choices(words, k=chance.randint(1, 25)))
        lines = subject_lines(subject)
        assert decoded(lines) == subject
        assert all(len(line) <= 78 for line in lines.split(b"\r\n"))
        assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+", lines))


@pytest.mark.parametrize("subject", ["a" * 190, "two  blanks", "é", "=?utf-8?q?Hello?=", "😀" * 90])
def test_unusual_subjects_decode_to_what_was_written(subject: str) -> None:
    assert decoded(subject_lines(subject)) == subject


def test_composed_mails_have_such_subjects() -> None:
    subject = WORDS["ru"]
    mail = Mail("ann@school.test", subject, "a", "b", "<1@school.test>", datetime(2026, 1, 1, tzinfo=UTC))
    assert decoded(compose(mail, "a@b.test").as_bytes()) == subject


def test_mail_goes_to_the_domain_that_was_checked() -> None:
    for domain, ascii_domain in {"straße-x.de": "xn--strae-x-3va.de", "MÜNCHEN.de": "xn--mnchen-3ya.de"}.items():
        mail = Mail(f"ada@{domain}", "x", "a", "b", "<1@school.test>", datetime(2026, 1, 1, tzinfo=UTC))
        assert compose(mail, "a@b.test")["To"].addresses[0].domain == ascii_domain
