"""Signing keys change while people work: no good token is refused, and what a retired key signed is."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from services.identity import key_rotation
from services.identity.key_rotation import NotReplaceable
from services.identity.main import create_app
from services.identity.settings import Settings
from services.identity.signing_keys import KeyStore, SigningKey, SigningKeyMissing
from services.identity.tests.people import Person, new_person
from services.identity.worker import create_worker
from shared import app as shared_app
from shared.auth import Actor, require
from shared.inbox import Handlers
from shared.settings import Settings as SharedSettings
from shared.testing import Academy, Harness, wait_until
from shared.worker import Worker

router = APIRouter()


@router.get("/mine")
def read_mine(actor: Annotated[Actor, require("account:use")]) -> dict[str, str]:
    """For the signed in."""
    return {"user_id": str(actor.user_id)}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "signing_key.pem"
    path.write_text(SigningKey(Ed25519PrivateKey.generate()).pem())
    path.chmod(0o640)
    return path


@pytest.fixture
def rotating(academy: Academy, key_file: Path) -> Iterator[Harness]:
    """Identity with a key file of its own."""
    settings = academy.settings(Settings, signing_key_file=key_file)
    with academy.service("identity", settings, create_app, create_worker) as harness:
        yield harness


@pytest.fixture
def other(academy: Academy, rotating: Harness) -> Iterator[Harness]:
    """Any other service, with that identity as its own."""

    def app(settings: SharedSettings) -> FastAPI:
        return shared_app.create_app("live", "Other", settings, [router])

    settings = academy.settings(SharedSettings, identity_url=rotating.url)
    with academy.service("live", settings, app, lambda s: Worker("live", s, Handlers())) as harness:
        yield harness


def rotate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.identity.key_rotation", *arguments]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def status(service: Harness, person: Person) -> int:
    answer = httpx.get(f"{service.url}/mine", headers={"Authorization": f"Bearer {person.access_token}"})
    return answer.status_code


def kid(person: Person) -> str:
    return str(jwt.get_unverified_header(person.access_token)["kid"])


def published(identity: Harness) -> list[str]:
    return [key["kid"] for key in identity.client.get("/.well-known/jwks.json").json()["keys"]]


def test_a_key_is_rotated_without_a_refused_token_and_retired_at_once(
    rotating: Harness, other: Harness, key_file: Path
) -> None:
    early = new_person(rotating)
    old = kid(early)
    assert status(other, early) == 200
    assert rotate("prepare", str(key_file)).returncode == 0
    wait_until(lambda: len(published(rotating)) == 2, what="the new key published")
    assert kid(early.refresh()) == old, "it does not sign yet"

    activated = rotate("activate", str(key_file))
    wait_until(lambda: kid(early.refresh()) != old, what="the new key signs")
    late = new_person(rotating)
    assert activated.stdout.splitlines() == [f"signs: {kid(late)}", f"verify as well: {old}"]
    assert status(other, late) == 200, "known at once, no refetch was needed"

    leftover = Person(rotating, early.id, early.email)
    leftover.access_token = sign_with_old_key(rotating, early)
    assert (status(other, leftover), leftover.me().status_code) == (200, 200)
    assert rotate("retire", str(key_file)).returncode == 0
    wait_until(lambda: leftover.me().status_code == 401, what="identity refuses the old key's token")
    wait_until(lambda: status(other, leftover) == 401, seconds=4, what="so does the other service, though it knew it")
    assert (status(other, late), late.me().status_code) == (200, 200)
    assert key_file.stat().st_mode & 0o777 == 0o640
    assert list(key_file.parent.iterdir()) == [key_file]


def sign_with_old_key(identity: Harness, person: Person) -> str:
    """A token as the key that no longer signs would have made it a moment ago."""
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    key = identity.app.state.signer._keys.ring().keys[1]
    return jwt.encode(claims, key.private, "EdDSA", headers={"kid": key.id, "typ": "at+jwt"})


def test_a_broken_file_leaves_the_old_keys_in_force(rotating: Harness, key_file: Path) -> None:
    person = new_person(rotating)
    before = published(rotating)
    key_file.write_text("-----BEGIN PRIVATE KEY-----\nhalf of it")  # pragma: allowlist secret, no key
    wait_until(lambda: rotating.app.state.signer._keys._look_at > 0 and published(rotating), what="looked again")
    assert published(rotating) == before
    assert person.refresh().me().status_code == 200


def test_keys_may_stand_in_the_environment() -> None:
    first, second = (SigningKey(Ed25519PrivateKey.generate()) for _ in range(2))
    ring = KeyStore(None, SecretStr(first.pem() + second.pem())).ring()
    assert (ring.signing.id, [key.id for key in ring.keys]) == (first.id, [first.id, second.id])
    with pytest.raises(SigningKeyMissing, match="SIGNING_KEY holds no private key"):
        KeyStore(None, SecretStr("rubbish"))


@pytest.mark.parametrize("arguments", [[], ["prepare"], ["forget", "x.pem"], ["prepare", "x.pem", "y"]])
def test_what_is_no_step_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert (key_rotation.main(arguments), capsys.readouterr().out) == (2, "")


def test_a_file_without_a_key_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rubbish.pem"
    path.write_text("rubbish")
    assert key_rotation.main(["prepare", str(path)]) == 1
    assert "holds no private key" in capsys.readouterr().err
    assert key_rotation.main(["prepare", str(tmp_path / "missing.pem")]) == 1
    assert path.read_text() == "rubbish"


def access(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid, status.st_mode & 0o777


@pytest.mark.parametrize("step", ["prepare", "activate", "retire"])
def test_the_file_keeps_its_owner_group_and_mode(key_file: Path, step: str) -> None:
    # Only root can give a file to the user of identity's container.
    if os.geteuid() == 0:
        os.chown(key_file, 10001, 10002)
    key_file.chmod(0o440)
    before = access(key_file)
    assert rotate(step, str(key_file)).returncode == 0
    assert access(key_file) == before


def test_a_link_to_the_key_file_stays_a_link(key_file: Path) -> None:
    link = key_file.with_name("link.pem")
    link.symlink_to(key_file)
    assert rotate("prepare", str(link)).returncode == 0
    assert link.is_symlink()
    assert key_file.read_text().count("BEGIN") == 2


def test_a_user_who_cannot_keep_the_owner_is_told_who_can(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_file.read_text()

    def refuse(handle: int, owner: int, group: int) -> None:
        # What the kernel answers to a user who is neither the file's owner nor root.
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(NotReplaceable, match=f"run this as user {os.geteuid()} or as root"):
        key_rotation.rotate(key_file, key_rotation.prepare)
    assert key_file.read_text() == before
    assert list(key_file.parent.iterdir()) == [key_file]
