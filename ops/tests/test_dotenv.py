"""The secrets of Docker Compose."""

import stat
from pathlib import Path

from ops import dotenv

EXAMPLE = """\
# comment
PUBLIC_URL=http://localhost:8080
ADMIN_PASSWORD=
STRIPE_API_KEY=
SIGNING_KEY_FILE=
ENCRYPTION_KEYS=
SMTP_PASSWORD=
"""


def test_example_is_completed_with_secrets(tmp_path: Path) -> None:
    (tmp_path / "example").write_text(EXAMPLE)
    values = dotenv.complete(tmp_path / ".env", tmp_path / "example", tmp_path / "keys")
    assert values["PUBLIC_URL"] == "http://localhost:8080"
    assert len(values["ADMIN_PASSWORD"]) >= 32
    assert values["STRIPE_API_KEY"].startswith("sk_test_")
    assert len(values["ENCRYPTION_KEYS"]) == 44
    assert values["SMTP_PASSWORD"] == ""
    key = Path(values["SIGNING_KEY_FILE"]).read_text()
    assert key.startswith("-----BEGIN PRIVATE KEY-----")  # pragma: allowlist secret, only its first line
    assert (tmp_path / ".env").read_text().startswith("# comment\n")
    assert dotenv.read(tmp_path / ".env") == values
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_present_values_never_change(tmp_path: Path) -> None:
    (tmp_path / "example").write_text(EXAMPLE)
    (tmp_path / ".env").write_text("ADMIN_PASSWORD=mine\n# my own words")
    first = dotenv.complete(tmp_path / ".env", tmp_path / "example", tmp_path / "keys")
    assert first["ADMIN_PASSWORD"] == "mine"
    assert dotenv.complete(tmp_path / ".env", tmp_path / "example", tmp_path / "keys") == first
    assert "# my own words\n" in (tmp_path / ".env").read_text()
