"""The TLS profile, with a certificate of the test's own."""

import datetime
import http.client
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.tests.door import Door, free_port, open_door

NAME = "api.academy.example"


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for NAME and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def sealed(home: Path, far_end: tuple[dict[str, str], list[str]]) -> Iterator[tuple[Door, int, ssl.SSLContext]]:
    """The door, its TLS port, and a client that knows the certificate."""
    place = home / "sealed"
    place.mkdir()
    certificate, key = write_certificate(place)
    port = free_port()
    changes = {
        "GATEWAY_SERVER_NAMES": NAME,
        "GATEWAY_TLS": "on",
        "GATEWAY_TLS_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_TLS_CERTIFICATE_PATH": str(certificate),
        "GATEWAY_TLS_KEY_PATH": str(key),
        "PUBLIC_URL": f"https://{NAME}",
    }
    with open_door(place, far_end[0], **changes) as door:
        yield door, port, ssl.create_default_context(cafile=str(certificate))


def shake_hands(port: int, context: ssl.SSLContext, name: str = NAME) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname=name)


def test_an_answer_over_tls_is_the_gateways_with_hsts(sealed: tuple[Door, int, ssl.SSLContext]) -> None:
    _, port, context = sealed
    with shake_hands(port, context) as connection:
        connection.sendall(f"GET /api/v1/users/me HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, connection.version()) == (200, "TLSv1.3")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        assert b'"x-forwarded-proto", "https"' in answer.read()


def test_http_2_is_offered(sealed: tuple[Door, int, ssl.SSLContext]) -> None:
    _, port, context = sealed
    context.set_alpn_protocols(["h2", "http/1.1"])
    with shake_hands(port, context) as connection:
        assert connection.selected_alpn_protocol() == "h2"
    context.set_alpn_protocols(["http/1.1"])


def test_tls_1_2_is_spoken_with_forward_secrecy_only_and_nothing_older(
    sealed: tuple[Door, int, ssl.SSLContext],
) -> None:
    _, port, known = sealed
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with shake_hands(port, context) as connection:
        cipher = connection.cipher()
        assert cipher is not None
        assert cipher[0].startswith("ECDHE-ECDSA-")
    context.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        shake_hands(port, context)
    with pytest.raises(ssl.SSLError):
        shake_hands(port, known, "other.example")


def test_the_plain_door_shows_the_way_and_says_that_it_lives(sealed: tuple[Door, int, ssl.SSLContext]) -> None:
    door, _, _ = sealed
    answer = door.ask("POST", "/api/v1/auth/login?x=1", {"Host": NAME})
    assert (answer.status, answer.headers["location"]) == (308, f"https://{NAME}/api/v1/auth/login?x=1")
    assert door.ask("GET", "/healthz", {"Host": NAME}).status == 200
