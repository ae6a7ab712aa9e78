"""The variables and secret files of Docker Compose."""

import stat
from pathlib import Path

import pytest

from ops import dotenv, secret_files
from ops.failure import OpsError

EXAMPLE = """\
# comment
ENVIRONMENT=development
PUBLIC_URL=http://localhost:8080
SMTP_HOST=maildev
SECRETS_FOLDER={folder}
"""


@pytest.fixture(autouse=True)
def _no_variable_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENVIRONMENT", "SECRETS_FOLDER", "COMPOSE_FILE"):
        monkeypatch.delenv(name, raising=False)


class Clone:
    """A folder with an example, a `.env` and secret files."""

    def __init__(self, root: Path) -> None:
        self.env, self.example, self.secrets = root / ".env", root / "example", root / "secrets"
        self.example.write_text(EXAMPLE.format(folder=self.secrets))

    def prepare(self, text: str | None = None) -> tuple[list[str], list[str]]:
        if text is not None:
            self.env.write_text(f"SECRETS_FOLDER={self.secrets}\n{text}")
        return dotenv.prepare(self.env, self.example)

    def secret(self, name: str) -> str:
        return secret_files.read(self.secrets, name)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_a_fresh_clone_gets_every_secret_as_a_file_and_none_in_dotenv(clone: Clone) -> None:
    moved, made = clone.prepare()
    assert (moved, set(made)) == ([], set(secret_files.ALL))
    assert clone.env.read_text() == clone.example.read_text()
    assert len(clone.secret("admin_password")) >= 32
    assert clone.secret("stripe_api_key").startswith("sk_test_")
    assert len(clone.secret("encryption_keys")) == 44
    assert clone.secret("smtp_password") == ""
    assert clone.secret("signing_key.pem").startswith("-----BEGIN PRIVATE KEY-----")  # pragma: allowlist secret
    assert stat.S_IMODE(clone.secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in clone.secrets.iterdir()} == {0o644}


def test_secrets_in_dotenv_move_into_files_with_their_values(clone: Clone, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("the old key\n")
    moved, _ = clone.prepare(
        "ENVIRONMENT=development\nADMIN_PASSWORD=mine\n# my own words\nSMTP_PASSWORD=\n"
        f"""SIGN_IN_PROVIDERS='[{{"id": "a"}}]'\nBROKER_ADMIN_PASSWORD="quoted"\nSIGNING_KEY_FILE={key}\n"""
    )
    assert moved == [
        "ADMIN_PASSWORD",
        "SMTP_PASSWORD",
        "SIGN_IN_PROVIDERS",
        "BROKER_ADMIN_PASSWORD",
        "SIGNING_KEY_FILE",
    ]
    assert clone.secret("admin_password") == "mine"
    assert clone.secret("broker_admin_password") == "quoted"
    assert clone.secret("sign_in_providers") == '[{"id": "a"}]'
    assert clone.secret("signing_key.pem") == "the old key"
    left = clone.env.read_text()
    assert "# my own words\n" in left
    assert "SMTP_HOST=maildev\n" in left, "what the example has besides is added"
    assert not [name for name in moved if name in left]


def test_present_values_never_change(clone: Clone) -> None:
    clone.prepare()
    before = {path.name: path.read_text() for path in clone.secrets.iterdir()}
    assert clone.prepare() == ([], [])
    assert {path.name: path.read_text() for path in clone.secrets.iterdir()} == before


def test_a_secret_with_two_values_is_refused(clone: Clone) -> None:
    clone.prepare()
    before = clone.secret("admin_password")
    with pytest.raises(OpsError, match=r"ADMIN_PASSWORD in .env and the file"):
        clone.prepare("ENVIRONMENT=development\nADMIN_PASSWORD=another\n")  # pragma: allowlist secret
    assert clone.secret("admin_password") == before
    assert "another" in clone.env.read_text()


def test_a_value_that_compose_would_interpolate_is_refused(clone: Clone) -> None:
    with pytest.raises(OpsError, match=r"ADMIN_PASSWORD in .env contains a \$"):
        clone.prepare("ENVIRONMENT=development\nADMIN_PASSWORD=a$b\n")
    clone.prepare("ENVIRONMENT=development\nADMIN_PASSWORD='a$b'\n")
    assert clone.secret("admin_password") == "a$b"


@pytest.mark.parametrize("text", ["ENVIRONMENT=production\n", "LOG_LEVEL=info\n"])
def test_a_production_platform_gets_no_developer_default_and_no_made_up_key_of_others(clone: Clone, text: str) -> None:
    clone.prepare(text)
    assert clone.env.read_text() == f"SECRETS_FOLDER={clone.secrets}\n{text}"
    assert [name for name in secret_files.ALL if not clone.secret(name)] == [
        "stripe_api_key", "stripe_webhook_secrets",
        "sign_in_providers", "smtp_password", "aws_access_key_id", "aws_secret_access_key",
    ]  # fmt: skip
    assert [line.partition(": ")[2] for line in secret_files.missing(clone.secrets)] == [
        "stripe_api_key, stripe_webhook_secrets"
    ]


def test_missing_secret_files_are_named_all_at_once(clone: Clone) -> None:
    clone.prepare()
    for name in ("internal_token", "live_broker_password"):
        (clone.secrets / name).unlink()
    assert [line.partition(": ")[2] for line in secret_files.missing(clone.secrets)] == [
        "internal_token, live_broker_password"
    ]
