"""Z8: what is secret comes in the one answer that hands it out, and is in no log, no table and no refusal."""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pyotp
import pytest

from ops.native.tests.readable import readable_by_others
from ops.places import SERVICES
from shared.testing import wait_until

AUTH = "/api/v1/auth"
# They come with the person's own words, or are what everybody may know.
NO_SECRETS = {"admin_email"}


class Canary:
    """Somebody who uses every kind of secret, rightly and wrongly."""

    def __init__(self, platform: dict[str, Any]) -> None:
        self.email = f"canary-{secrets.token_hex(8)}@example.com"
        self.password = f"canary {secrets.token_urlsafe(18)}"
        self.secrets: dict[str, str] = {"password": self.password}
        self.mailed: dict[str, str] = {}
        self.refusals: list[str] = []
        self._mail = platform["mail"]
        self._client = httpx.Client(base_url=platform["gateway"], timeout=30)

    def live(self) -> None:
        """From the registration to a new password."""
        self._answer(202, "register", {"email": self.email, "name": "Canary"})
        made = self._answer(201, "verify-email", {"token": self._link("verify-email"), "password": self.password})
        self.secrets |= {f"newcomer {kind}": made[kind] for kind in ("refresh_token", "device_token")}
        self._mistype()
        self._sign_in("first")
        self._use_tokens()
        self._sign_in("second")
        self._use_a_key()
        self._use_factors()
        self._answer(202, "password-reset", {"email": self.email})
        link = self._link("reset-password")
        self._refused("password-reset/confirm", {"token": f"{link}x", "password": self.password})
        self.secrets["new password"] = f"canary {secrets.token_urlsafe(18)}"
        self._answer(200, "password-reset/confirm", {"token": link, "password": self.secrets["new password"]})

    def close(self) -> None:
        self._client.close()

    def _mistype(self) -> None:
        """The password where none belongs."""
        self._refused("login", {"email": self.email, "password": {"x": self.password}})
        self._refused("login", [self.password])
        self._refused("login", {"email": self.password, "password": self.password})
        self._refused("login", {"email": self.email, "password": f"{self.password}x"})
        broken = f'{{"email": "{self.email}", "password": "{self.password}"'
        answer = self._client.post(f"{AUTH}/login", content=broken, headers={"Content-Type": "application/json"})
        self.refusals.append(answer.text)

    def _sign_in(self, name: str) -> None:
        tokens = self._answer(200, "login", {"email": self.email, "password": self.password})
        self.secrets |= {f"{name} {kind}": tokens[kind] for kind in ("refresh_token", "device_token")}
        # What comes before says who it is about, and stands in other tokens, too.
        self.secrets[f"{name} access_token"] = tokens["access_token"].rpartition(".")[2]
        self._client.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def _use_tokens(self) -> None:
        token = self._client.headers["Authorization"].removeprefix("Bearer ")
        refresh_token = self.secrets["first refresh_token"]
        query = {"access_token": token, "refresh_token": refresh_token, "password": self.password}
        for headers in ({"Authorization": f"Bearer {token}x"}, {"Authorization": token}, {"Authorization": ""}):
            self.refusals.append(self._client.get("/api/v1/users/me", params=query, headers=headers).text)
        self._refused("refresh", {"refresh_token": f"{refresh_token}x"})
        tokens = self._answer(200, "refresh", {"refresh_token": refresh_token})
        again = self._answer(200, "refresh", {"refresh_token": tokens["refresh_token"]})
        self.secrets |= {"next refresh_token": tokens["refresh_token"], "last refresh_token": again["refresh_token"]}
        # Spent long ago: the session ends.
        self._refused("refresh", {"refresh_token": refresh_token})

    def _use_a_key(self) -> None:
        key = self._answer(201, "api-keys", {"name": "canary", "scopes": ["account:use"]})["key"]
        self.secrets["api key"] = key
        form = {"grant_type": "client_credentials", "client_secret": key}
        assert self._client.post(f"{AUTH}/token", data=form).status_code == 200
        self.refusals.append(self._client.post(f"{AUTH}/token", data={**form, "client_secret": f"{key}x"}).text)
        self.refusals.append(self._client.post(f"{AUTH}/token", data={**form, "grant_type": key}).text)

    def _use_factors(self) -> None:
        secret = self._answer(201, "totp", None)["secret"]
        self._refused("totp/confirm", {"code": "000000"})
        codes = self._answer(200, "totp/confirm", {"code": pyotp.TOTP(secret).now()})["recovery_codes"]
        self.secrets |= {"authenticator": secret} | {
            f"recovery code {number}": code for number, code in enumerate(codes)
        }
        step = self._client.post(f"{AUTH}/login", json={"email": self.email, "password": self.password}).json()
        self.secrets["ticket"] = step["ticket"]
        self._refused("login/code", {"ticket": step["ticket"], "recovery_code": f"{codes[0]}x"})
        self._answer(200, "login/code", {"ticket": step["ticket"], "recovery_code": codes[0]})

    def _answer(self, status: int, path: str, body: Any) -> Any:
        answer = self._client.post(f"{AUTH}/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def _refused(self, path: str, body: Any) -> None:
        answer = self._client.post(f"{AUTH}/{path}", json=body)
        assert answer.status_code in {400, 401, 410, 422}, answer.text
        self.refusals.append(answer.text)

    def _link(self, page: str) -> str:
        def find() -> str:
            mails = httpx.get(f"{self._mail}/email").json()
            mine = "".join(mail["text"] for mail in mails if any(to["address"] == self.email for to in mail["to"]))
            found = re.search(rf"/{page}#token=([\w-]+)", mine)
            return found[1] if found else ""

        self.mailed[page] = wait_until(find, 30, f"the mail that leads to {page}")
        return self.mailed[page]


@pytest.fixture(scope="module")
def canary(platform: dict[str, Any]) -> Iterator[Canary]:
    canary = Canary(platform)
    canary.live()
    yield canary
    canary.close()


def secrets_of(platform: dict[str, Any]) -> dict[str, str]:
    """What the processes themselves know each other by."""
    known = json.loads((Path(platform["directory"]) / "secrets.json").read_text())
    return {name: value for name, value in known.items() if name not in NO_SECRETS}


def test_no_log_of_any_process_has_a_secret(platform: dict[str, Any], canary: Canary) -> None:
    folder, last = Path(platform["logs"]), "/api/v1/auth/password-reset/confirm"
    wait_until(lambda: last in (folder / "gateway.log").read_text(), 10, "the gateway's last line")
    logs = {path.name: path.read_text(errors="replace") for path in folder.glob("*.log")}
    assert {f"{name}-{part}.log" for name in SERVICES for part in ("api", "worker")} <= logs.keys()
    sought = canary.secrets | canary.mailed | secrets_of(platform)
    assert [(log, name) for log, text in logs.items() for name, value in sought.items() if value in text] == []


def test_no_table_has_a_secret_as_it_was_handed_out(platform: dict[str, Any], canary: Canary) -> None:
    # A mailed link is in the event that asks for the mail: nothing else could bring it there.
    sought = canary.secrets | secrets_of(platform)
    found, rows = [], 0
    for table, dumped in tables(platform["database"]):
        rows += len(dumped)
        text = "\n".join(dumped)
        found += [(table, name) for name, value in sought.items() if value in text or value.encode().hex() in text]
    assert found == []
    assert rows > 50


def test_no_other_user_of_the_machine_reads_data_or_logs(platform: dict[str, Any], canary: Canary) -> None:
    for directory in {Path(platform["directory"]), Path(platform["files"]).parent}:
        # The gateway's configuration and pages, which hold no secret, and which ports are taken.
        public = {"ports.json", "lock"}
        found = [name for name in readable_by_others(directory) if not name.startswith("nginx/")]
        assert set(found) <= public


def tables(server: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Every table of every schema, and its rows as text."""
    connection = psycopg2.connect(
        host=server["host"], port=server["port"], dbname=server["name"],
        user=server["admin_user"], password=server["admin_password"],
    )  # fmt: skip
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)'")
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{schema}"."{table}" t')
            yield f"{schema}.{table}", [row for (row,) in cursor.fetchall()]
    connection.close()


def test_no_refusal_repeats_a_secret(canary: Canary) -> None:
    assert len(canary.refusals) > 10
    sought = canary.secrets | canary.mailed
    assert [(text, name) for text in canary.refusals for name, value in sought.items() if value in text] == []
