import re

import pytest

from gateway.tests.door import Answer, Door
from gateway.tests.far_end import OWN_CSP
from ops.places import ROOT

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-site",
}
EXPOSED = """Location ETag Link Retry-After RateLimit RateLimit-Policy X-Request-ID Idempotency-Replayed Deprecation
    Sunset Cache-Status Content-Disposition WWW-Authenticate"""
ORIGIN = {"Origin": "https://app.academy.example"}


def heard_headers(answer: Answer) -> dict[str, str]:
    return dict(answer.json["headers"])


def test_a_service_hears_only_what_the_gateway_knows_or_passes_on(door: Door) -> None:
    spoofed = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X-User-Id": "admin",
        "X-User-Roles": "admin",
        "X_User_Id": "admin",
        "X_Forwarded_For": "6.6.6.6",
        "X-Request-ID": "mine",
        "X-Original-URL": "/internal",
        "X-HTTP-Method-Override": "DELETE",
        "X-Accel-Redirect": "/protected/x",
        "Authorization": "Bearer t",
        "Idempotency-Key": "k",
        "Stripe-Signature": "t=1",
        "traceparent": "00-a-b-01",
        "If-Match": '"1"',
    }
    answer = door.ask("GET", "/api/v1/courses/mine", spoofed)
    heard = heard_headers(answer)
    assert heard == {
        "host": "localhost",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-request-id": answer.headers["x-request-id"],
        "authorization": "Bearer t",
        "idempotency-key": "k",
        "stripe-signature": "t=1",
        "traceparent": "00-a-b-01",
        "if-match": '"1"',
    }
    assert len(answer.json["headers"]) == len(heard)


def test_a_cookie_reaches_sign_in_and_nothing_else(door: Door) -> None:
    cookie = {"Cookie": "__Secure-academy_refresh=r"}
    assert heard_headers(door.ask("POST", "/api/v1/auth/refresh", cookie))["cookie"] == "__Secure-academy_refresh=r"
    for path in ("/api/v1/users/me", "/api/v1/courses", "/api/v1/payments/orders"):
        assert "cookie" not in heard_headers(door.ask("GET", path, cookie))


def test_the_request_id_is_made_here_and_the_same_everywhere(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/courses/made-here", {"X-Request-ID": "mine"})
    made = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert heard_headers(answer)["x-request-id"] == made
    line = door.logged(made)
    assert (line["service"], line["status"], line["path"]) == ("catalog", "200", "/api/v1/courses/made-here")


def test_each_answer_that_was_at_hand_has_an_id_of_its_own(door: Door) -> None:
    ids = [door.ask("GET", "/api/v1/courses?query=own").headers["x-request-id"] for _ in range(20)]
    assert len({*ids}) == len(ids)
    at_hand = [made for made in ids if not re.fullmatch(r"[0-9a-f]{32}", made)]
    line = door.logged(at_hand[0])
    assert (line["path"], line["cache"]) == ("/api/v1/courses", "HIT")


def test_the_log_keeps_no_query(door: Door) -> None:
    made = door.ask("GET", "/api/v1/courses?query=secret").headers["x-request-id"]
    assert door.logged(made)["path"] == "/api/v1/courses"
    assert "secret" not in (door.home / "access.log").read_text()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/v1/courses?query=carries", 200),
        ("/api/v1/users/status/401", 401),
        ("/api/v1/courses/status/404", 404),
        ("/api/v1/payments/status/422", 422),
        ("/api/v1/live-sessions/status/500", 500),
        ("/api/v1/certificates/status/503", 503),
        ("/api/v1/enrollments/drop", 502),
        ("/api/v1/enrollments/slow", 504),
        ("/api/v1/files/accel/catalog/2025/one", 200),
        ("/nowhere", 404),
        ("/", 200),
        ("/healthz", 200),
    ],
)
def test_every_answer_carries_the_security_headers_and_cors(door: Door, target: str, status: int) -> None:
    answer = door.ask("GET", target, ORIGIN)
    assert answer.status == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert set(EXPOSED.split()) <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "Origin" in answer.headers["vary"]
    assert "strict-transport-security" not in answer.headers
    if target != "/healthz":
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.academy.example.evil.example",
        "https://evil.example/https://app.academy.example",
        "http://app.academy.example",
        "app.academy.example",
        "null",
        "https://app",
        "http://localhost:30000",
        "|http://localhost:3000",
        "x y |y",
        "http://localhost:3000 |http://localhost:3000",
        "| http://localhost:3000 |http://localhost:3000",
        "a http://localhost:3000",
        " |",
        "|",
    ],
)
def test_an_origin_that_is_not_listed_gets_no_cors(door: Door, origin: str) -> None:
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for answer in (
        door.ask("GET", "/api/v1/courses", {"Origin": origin}),
        door.ask("OPTIONS", "/api/v1/courses", preflight),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_page_of_another_origin_may_send_every_header_that_is_passed_on(door: Door) -> None:
    snippet = (ROOT / "gateway/templates/snippets/request_headers.conf.template").read_text()
    passed = set(re.findall(r"^proxy_set_header (\S+) \$http_", snippet, re.MULTILINE))
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    allowed = door.ask("OPTIONS", "/api/v1/courses", asked).headers["access-control-allow-headers"].split(", ")
    # Browsers write these themselves; Stripe is no page.
    assert set(allowed) == passed - {"Origin", "User-Agent", "Stripe-Signature"}
    assert allowed == sorted(allowed, key=str.lower)


def test_a_preflight_is_answered_here_and_kept_for_two_hours(door: Door, heard: list[str]) -> None:
    before = len(heard)
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    answer = door.ask("OPTIONS", "/api/v1/payments/checkouts", asked)
    assert (answer.status, answer.body, len(heard)) == (204, b"", before)
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "7200"


def test_a_page_of_a_service_keeps_its_own_policy(door: Door) -> None:
    assert door.ask("GET", "/api/v1/certificates/verify/page").headers["content-security-policy"] == OWN_CSP


def test_json_is_compressed_but_not_where_tokens_are(door: Door) -> None:
    asked = {"Accept-Encoding": "gzip"}
    assert door.ask("GET", "/api/v1/courses", asked).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in door.ask("POST", "/api/v1/auth/login", asked).headers


def test_a_file_that_the_service_allowed_is_sent_locked_down(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/files/accel/catalog/2025/one")
    assert (answer.status, answer.body) == (200, b"%PDF-1.7 lesson")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_a_file_that_is_shown_in_the_page_is_not_in_a_sandbox_and_may_load_nothing_else(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/files/accel/catalog/2025/one?inline", {"Range": "bytes=0-3"})
    assert (answer.status, answer.body) == (206, b"%PDF")
    assert answer.headers["content-disposition"] == "inline; filename=a"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "sandbox" not in policy


def test_a_part_of_a_file_can_be_asked_for(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/files/accel/catalog/2025/one", {"Range": "bytes=0-3"})
    assert (answer.status, answer.body) == (206, b"%PDF")


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/files/accel/certificates/secret",
        "/api/v1/files/accel/catalog/gone",
        "/api/v1/files/accel/catalog/..%2fcertificates/secret",
        "/api/v1/files/accel/catalog/../certificates/secret",
    ],
)
def test_a_service_hands_out_only_files_of_its_own(door: Door, target: str) -> None:
    answer = door.ask("GET", target)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_picture_is_sent_and_nothing_else_of_identity_redirects(door: Door) -> None:
    shown = door.ask("GET", "/api/v1/users/avatars/accel/identity/avatars/one")
    assert (shown.status, shown.body) == (200, b"RIFF picture")
    for target in ("/api/v1/users/accel/identity/avatars/one", "/api/v1/auth/accel/identity/avatars/one"):
        assert door.ask("GET", target).body == b"hidden"


def test_a_service_without_files_cannot_redirect_to_them(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/payments/accel/catalog/2025/one")
    assert (answer.status, answer.body) == (200, b"hidden")
