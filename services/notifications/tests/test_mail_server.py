"""The ways to reach a mail server: in clear, STARTTLS, TLS, with and without a password."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr, ValidationError

from services.notifications.mailer import Mail, MailServer, MailServerUnavailable, open_batch
from services.notifications.settings import Settings
from services.notifications.tests.smtp_sink import Sink

MAIL = Mail("ann@school.test", "Hello", "text", "<p>html</p>", "<1@school.test>", datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that nobody trusts unless told so."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of tests")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


@pytest.fixture(params=["starttls", "tls"])
def secure(request: pytest.FixtureRequest, certificate: Path) -> Iterator[tuple[Sink, MailServer]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    sink = Sink(context, implicit=request.param == "tls", login=LoginPassword(b"academy", b"right"))
    yield sink, server(sink, security=request.param, username="academy", password="right")
    sink.close()


def server(sink: Sink, **changes: str) -> MailServer:
    facts = {"security": "none", "sender": "Academy <no-reply@school.test>", "hello": "school.test", **changes}
    return MailServer("127.0.0.1", sink.port, timeout=5, **facts)  # type: ignore[arg-type]


def test_mail_travels_encrypted_and_signed_in(
    secure: tuple[Sink, MailServer], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    sink, trusted = secure
    with open_batch(trusted) as batch:
        batch.send(MAIL)
        batch.send(MAIL)
    assert len(sink.mails("ann@school.test")) == 2
    assert sink.connections == 1


def test_certificate_that_nobody_vouches_for_is_refused(secure: tuple[Sink, MailServer]) -> None:
    sink, untrusted = secure
    with open_batch(untrusted) as batch, pytest.raises(MailServerUnavailable, match="certificate"):
        batch.send(MAIL)
    assert sink.received == []


def test_wrong_password_is_nobodys_mails_fault(
    secure: tuple[Sink, MailServer], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    sink, right = secure
    wrong = server(sink, security=right.security, username="academy", password="wrong")
    with open_batch(wrong) as batch, pytest.raises(MailServerUnavailable, match="535"):
        batch.send(MAIL)


def test_server_without_starttls_gets_no_mail_that_must_be_encrypted(sink: Sink) -> None:
    with open_batch(server(sink, security="starttls")) as batch, pytest.raises(MailServerUnavailable):
        batch.send(MAIL)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"mail_from": "nobody"}, "must be an address"),
        ({"mail_from": "a@b.test, c@d.test"}, "must be an address"),
        ({"mail_lease_seconds": 30}, "MAIL_LEASE_SECONDS"),
        ({"smtp_security": "plain"}, "smtp_security"),
        ({"environment": "production", "smtp_host": "mail.example"}, "SMTP_SECURITY"),
    ],
)
def test_unsafe_settings_are_refused_at_start(changes: dict[str, str], word: str) -> None:
    secret = SecretStr("long-and-very-random")
    secrets = {"database_password": secret, "broker_password": secret, "internal_token": secret}
    with pytest.raises(ValidationError, match=word):
        Settings(**{**secrets, **changes})  # type: ignore[arg-type]


def test_production_without_a_password_for_mail_is_possible() -> None:
    secret = SecretStr("long-and-very-random")
    settings = Settings(
        environment="production",
        public_url="https://school.example",
        database_password=secret,
        broker_password=secret,
        internal_token=secret,
    )
    assert settings.smtp_password is None
