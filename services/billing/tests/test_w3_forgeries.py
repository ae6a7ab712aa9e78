"""W3: who may tell us about money."""

import json
import time
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.far_end import SECRET
from services.billing.tests.shop import OLD_SECRET, Shop, event_body, sign

BODY = event_body(id="evt_forged", type="checkout.session.completed")


def forged_at(seconds: int) -> tuple[bytes, str]:
    return BODY, sign(BODY, at=int(time.time()) + seconds)


def reserialised() -> tuple[bytes, str]:
    return json.dumps(json.loads(BODY), indent=1).encode(), sign(BODY)


def signed(body: bytes) -> tuple[bytes, str]:
    return body, sign(body)


def said_in(encoding: str) -> tuple[bytes, str]:
    """The same text in another encoding, under the signature of the text."""
    return BODY.decode().encode(encoding), sign(BODY)


FORGED: dict[str, Any] = {
    "wrong secret": lambda: (BODY, sign(BODY, "whsec_of_somebody_else")),
    "secret before the previous one": lambda: (BODY, sign(BODY, "whsec_long_retired")),
    "truncated secret": lambda: (BODY, sign(BODY, SECRET[:-1])),
    "empty secret": lambda: (BODY, sign(BODY, "")),
    "v0 only": lambda: (BODY, sign(BODY).replace("v1=", "v0=")),
    "301 seconds old": lambda: forged_at(-301),
    "301 seconds in the future": lambda: forged_at(302),
    "re-serialised": reserialised,
    "byte order mark, unsigned": lambda: (b"\xef\xbb\xbf" + BODY, sign(BODY)),
    "byte order mark, signed": lambda: signed(b"\xef\xbb\xbf" + BODY),
    "not UTF-8": lambda: (b"\xff\xfe" + BODY, sign(BODY)),
    "signature not ASCII": lambda: (BODY, f"t={int(time.time())},v1=\u00e9\u00e8"),
    "signature without time": lambda: (BODY, "v1=00"),
    "time that is no number": lambda: (BODY, "t=soon,v1=00"),
    "signature that is no list": lambda: (BODY, "===,,,"),
    "no signature": lambda: (BODY, ""),
    "signed list": lambda: signed(b"[1, 2]"),
    "signed number": lambda: signed(b"42"),
    "signed null": lambda: signed(b"null"),
    "signed nothing": lambda: signed(b""),
    "signed half": lambda: signed(BODY[:-9]),
    "signed depth": lambda: signed(b"[" * 100_000 + b"]" * 100_000),
    "live event for a test key": lambda: signed(event_body(id="evt_forged", livemode=True)),
    "mode that is no boolean": lambda: signed(event_body(id="evt_forged", livemode=0)),
    "id that is no text": lambda: signed(event_body(id=["evt_forged"])),
    "id with NUL": lambda: signed(event_body(id="evt_forged\0")),
    "type with NUL": lambda: signed(event_body(id="evt_forged", type="a\0b")),
    "retired secret beside a made-up one": lambda: (BODY, f"{sign(BODY, 'whsec_long_retired')},v1=00"),
    "secret in upper case": lambda: (BODY, sign(BODY, SECRET.upper())),
    "secret with a space": lambda: (BODY, sign(BODY, SECRET + " ")),
    "both secrets as one": lambda: (BODY, sign(BODY, f"{SECRET}, {OLD_SECRET}")),
    "signature in upper case": lambda: (BODY, sign(BODY).upper()),
    "signature of another body": lambda: (BODY, sign(event_body())),
    "signature cut short": lambda: (BODY, sign(BODY)[:-1]),
    "signature with a tail": lambda: (BODY, sign(BODY) + "00"),
    "time changed after signing": lambda: (BODY, sign(BODY).replace("t=", "t=1", 1)),
    "time before all time": lambda: (BODY, sign(BODY, at=-1)),
    "time of zero": lambda: (BODY, "t=0," + sign(BODY).split(",")[1]),
    "time with a fraction": lambda: (BODY, sign(BODY).replace(",", ".5,", 1)),
    "time of a thousand digits": lambda: (BODY, f"t={'9' * 1000},v1=00"),
    "a day old": lambda: forged_at(-86_400),
    "a day in the future": lambda: forged_at(86_400),
    "a thousand signatures": lambda: (BODY, f"t={int(time.time())}" + ",v1=00" * 1000),
    "one character more": lambda: (BODY + b" ", sign(BODY)),
    "one character less": lambda: (BODY[:-1], sign(BODY)),
    "UTF-16": lambda: said_in("utf-16"),
    "EBCDIC": lambda: said_in("cp500"),
    "line ends changed": lambda: (BODY.replace(b", ", b",\r\n"), sign(BODY)),
    "signed text": lambda: signed(b'"evt_forged"'),
    "signed empty object": lambda: signed(b"{}"),
    "signed NaN": lambda: signed(b"NaN"),
    "signed twice": lambda: signed(BODY + BODY),
    "id of another kind": lambda: signed(event_body(id="cs_test_forged")),
    "id of 300 characters": lambda: signed(event_body(id="evt_" + "f" * 300)),
    "type that is no text": lambda: signed(event_body(id="evt_forged", type={"is": "nothing"})),
    "time that is text": lambda: signed(event_body(id="evt_forged", created="now")),
    "time beyond calendars": lambda: signed(event_body(id="evt_forged", created=10**18)),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_w3_a_forged_or_broken_delivery_is_refused_and_leaves_nothing(shop: Shop, forgery: str) -> None:
    body, signature = FORGED[forgery]()
    answer = shop.send(body, signature.encode("latin-1"))
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:academy:problem:webhook-refused")
    assert not shop.sql("SELECT 1 FROM stripe_events WHERE event_id LIKE 'evt_forged%'")


def test_w3_a_delivery_without_the_header_is_refused(shop: Shop) -> None:
    answer = shop.harness.client.post("/api/v1/payments/webhooks/stripe", content=BODY)
    assert answer.status_code == 400


@pytest.mark.parametrize("chunked", [False, True])
def test_w3_a_delivery_of_600_kb_is_refused_even_when_signed(shop: Shop, chunked: bool) -> None:
    body = event_body(id="evt_forged", padding="x" * 600 * 1024)
    content: Any = iter([body[:1000], body[1000:]]) if chunked else body
    headers = {"Stripe-Signature": sign(body)}
    answer = shop.harness.client.post("/api/v1/payments/webhooks/stripe", content=content, headers=headers)
    assert answer.status_code == 413
    assert not shop.sql("SELECT 1 FROM stripe_events WHERE event_id = 'evt_forged'")


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_w3_both_secrets_count_while_one_replaces_the_other(shop: Shop, secret: str) -> None:
    body = event_body()
    assert shop.send(body, sign(body, secret)).status_code == 200


@pytest.mark.parametrize("age", [-290, 290])
def test_w3_a_clock_that_is_a_little_off_is_no_forgery(shop: Shop, age: int) -> None:
    body = event_body()
    assert shop.send(body, sign(body, at=int(time.time()) + age)).status_code == 200


def test_an_event_of_an_unknown_type_is_stored_and_changes_nothing(shop: Shop) -> None:
    event_id = f"evt_{uuid7().hex}"
    assert shop.send(event_body(id=event_id, type="radar.early_fraud_warning.created")).status_code == 200
    [row] = shop.sql("SELECT ignored, api_version, body FROM stripe_events WHERE event_id = :id", id=event_id)
    assert row.ignored
    assert row.api_version == "2026-10-28.endive"
    assert json.loads(bytes(row.body))["id"] == event_id
    assert not shop.sql("SELECT 1 FROM inbox WHERE event_id = :id", id=event_id)
