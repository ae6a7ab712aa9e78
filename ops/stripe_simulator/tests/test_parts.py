"""Small parts that need no server."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from ops.stripe_simulator import sessions
from ops.stripe_simulator.account import Account
from ops.stripe_simulator.controls import Controls
from ops.stripe_simulator.errors import ParameterInvalid
from ops.stripe_simulator.identifiers import now
from ops.stripe_simulator.money import format_amount
from ops.stripe_simulator.parameters import parse_form
from ops.stripe_simulator.settings import Settings
from ops.stripe_simulator.store import Store

FORM = {
    "mode": "payment",
    "line_items": [{"price_data": {"currency": "eur", "unit_amount": "100", "product_data": {"name": "A"}}}],
    "success_url": "https://shop.example/",
}


def settings(key: str = "sk_test_for_the_tests") -> Settings:
    return Settings(stripe_api_key=SecretStr(key), stripe_webhook_secret=SecretStr("whsec_for_the_tests"))


def test_brackets_become_objects_and_lists() -> None:
    raw = b"a=1&m[k]=v&m[l]=%C3%A9&l[0][q]=2&l[1][q]=3&t[]=x&t[]=y&e="
    assert parse_form(raw) == {
        "a": "1",
        "m": {"k": "v", "l": "é"},
        "l": [{"q": "2"}, {"q": "3"}],
        "t": ["x", "y"],
        "e": "",
    }


@pytest.mark.parametrize("raw", [b"[a]=1", b"a]=1", b"a[b=1", b"a[b][c][d][e][f][g][h][i]=1", b"=1", b"%ff=1"])
def test_malformed_names_are_refused(raw: bytes) -> None:
    with pytest.raises(ParameterInvalid):
        parse_form(raw)


def test_amounts_follow_the_digits_of_their_currency() -> None:
    assert format_amount(123456, "usd") == "1,234.56 USD"
    assert format_amount(4900, "jpy") == "4,900 JPY"
    assert format_amount(1234, "kwd") == "1.234 KWD"


def test_live_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="refuses live keys"):
        settings("sk_live_something_real")


def test_sessions_expire_when_their_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(settings(), Store(None), Controls())
    session = sessions.create_session(account, FORM)
    assert sessions.expire_due(account) == 0
    monkeypatch.setattr(sessions, "now", lambda: now() + 24 * 60 * 60)
    assert sessions.expire_due(account) == 1
    assert account.store.get("checkout.session", session["id"])["status"] == "expired"
    (event,) = account.store.rows("SELECT body FROM objects WHERE kind = 'event'")
    assert "checkout.session.expired" in event["body"]


def test_hot_queries_use_their_indexes() -> None:
    store = Store(None)
    plans = {
        "objects_by_intent": "SELECT body FROM objects WHERE kind = ? AND json_extract(body, '$.payment_intent') = ?",
        "objects_by_status": "SELECT id FROM objects WHERE kind = 'checkout.session'"
        " AND json_extract(body, '$.status') = 'open' AND json_extract(body, '$.expires_at') <= ?",
        "objects_by_kind": "SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT ?",
        "deliveries_due": "SELECT * FROM deliveries WHERE state = 'pending' AND id NOT IN () ORDER BY due_at LIMIT ?",
    }
    for index, query in plans.items():
        steps = store.rows(f"EXPLAIN QUERY PLAN {query}", ("x",) * query.count("?"))
        assert any(index in step["detail"] for step in steps), [step["detail"] for step in steps]


def test_broken_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")

    def save_and_break() -> None:
        with store.transaction():
            store.save({"id": "x", "object": "charge", "created": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        save_and_break()
    assert store.find("charge", "x") is None
