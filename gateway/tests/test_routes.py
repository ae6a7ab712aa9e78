import pytest

from gateway.tests.door import Door

ROUTES = {
    "identity": [
        "auth/login",
        "auth",
        "users/me",
        "users/me/avatar",
        "users/avatars/1/large",
        "admin/users",
        "admin/users/1/suspend",
        "admin/audit",
        "admin/erasures/1",
    ],
    "catalog": ["courses", "courses/1/lessons/2", "enrollments", "files", "files/1", "admin/courses"],
    "billing": ["payments/checkouts", "payments/webhooks/stripe", "admin/payments"],
    "certificates": ["certificates", "certificates/verify/abc", "admin/certificates/1/revoke"],
    "notifications": ["notifications", "notifications/read-all", "admin/notifications/deliveries"],
    "live": ["live-sessions", "live-sessions/1/join"],
}
for owner, paths in ROUTES.items():
    paths += [f"admin/events/{owner}", f"admin/events/{owner}/replay"]
# Their queries: test_cache.py.
CACHED = {"courses", "certificates/verify/abc", "users/avatars/1/large"}
HIDDEN = [
    "internal/revocations",
    "metrics",
    "livez",
    "readyz",
    "redoc",
    "protected/catalog/2025/one",
]
ALL_PATHS = [f"/api/v1/{path}" for paths in ROUTES.values() for path in paths]
SPELLINGS = [
    "/{0}",
    "//{0}",
    "/./{0}",
    "/x/../{0}",
    "/{0}/",
    "/{0}/x",
    "/{0};x",
    "/{0}%00",
    "/{0}%20",
    "/{0}?x=1",
    "/{0}%3fx",
    "/%2f{0}",
    "/api/../{0}",
    "/api/v1/../../{0}",
    "/api/v1/courses/../../../{0}",
    "/api/v1/courses/..%2f..%2f..%2f{0}",
    "/api/v1/courses/%2e%2e/%2e%2e/%2e%2e/{0}",
    "/api/v1/courses/%252e%252e/%252e%252e/%252e%252e/{0}",
    "/api/v1/courses/..;/..;/..;/{0}",
    "/api/v1/courses/..%5c..%5c..%5c{0}",
    "/api/v1/courses/.%2e/{0}",
    "/api/v1/courses//../../../../{0}",
    "/.well-known/../{0}",
    "/.well-known/jwks.json/../../{0}",
    "/assets/../{0}",
    "/docs/../{0}",
    "http://127.0.0.1/{0}",
    "http://identity/{0}",
]


@pytest.mark.parametrize(("service", "path"), [(service, path) for service, paths in ROUTES.items() for path in paths])
def test_each_public_path_reaches_the_service_that_owns_it(door: Door, service: str, path: str) -> None:
    query = "" if path in CACHED else "?limit=2&q=%C3%A4"
    answer = door.ask("GET", f"/api/v1/{path}{query}", {"Authorization": "Bearer of-somebody"})
    assert (answer.status, answer.json["service"]) == (200, service)
    assert answer.json["path"] == f"/api/v1/{path}{query}"


def test_the_public_keys_come_from_identity(door: Door) -> None:
    assert door.ask("GET", "/.well-known/jwks.json").json["service"] == "identity"


@pytest.mark.parametrize("path", [path for paths in ROUTES.values() for path in paths if "/" not in path])
def test_a_longer_word_is_another_address(door: Door, heard: list[str], path: str) -> None:
    before = len(heard)
    assert door.ask("GET", f"/api/v1/{path}X").status == 404
    assert door.ask("GET", f"/API/V1/{path}").status == 404
    assert door.ask("GET", f"/x/api/v1/{path}").status == 404
    assert len(heard) == before


@pytest.mark.parametrize("path", HIDDEN)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_is_internal_is_reached_by_no_spelling(door: Door, heard: list[str], spelling: str, path: str) -> None:
    before = len(heard)
    for target in (spelling.format(path), spelling.format(path.upper()), spelling.format("%69" + path[1:])):
        for host in ("127.0.0.1", "evil.example", "identity"):
            answer = door.ask("GET", target, {"Host": host})
            # nginx itself calls a zero byte, or a climb above the root, a bad request.
            assert answer.status in ({400} if "%00" in target or "//.." in target else {404}), (target, host, answer)
    assert len(heard) == before


@pytest.mark.parametrize("control", ["%0a", "%0A", "%0d", "%00", "%09", "%1f", "%7f", "%7F", "%0a%0a"])
def test_a_path_with_a_control_character_is_no_path(door: Door, heard: list[str], control: str) -> None:
    before = len(heard)
    for path in [*ALL_PATHS, "/.well-known/jwks.json", "/healthz", "/docs", "/openapi.json"]:
        for target in (f"{path}{control}", f"{path[:-1]}{control}{path[-1]}?x=1"):
            answer = door.ask("GET", target)
            # nginx itself calls a zero byte a bad request.
            assert answer.status in ({400} if control == "%00" else {404}), target
            assert answer.headers["content-type"] == "application/problem+json"
    assert len(heard) == before


def test_the_description_is_the_platforms_and_not_a_services(door: Door, heard: list[str]) -> None:
    before = len(heard)
    document = door.ask("GET", "/openapi.json")
    assert (document.status, document.headers["content-type"]) == (200, "application/json")
    assert len({path.split("/")[3] for path in document.json["paths"] if path.startswith("/api/v1/")}) >= 8
    again = door.ask("GET", "/openapi.json", {"If-None-Match": document.headers["etag"]})
    assert (again.status, len(heard)) == (304, before)
    assert door.ask("POST", "/openapi.json").status == 405


def test_the_gateway_says_that_it_lives(door: Door) -> None:
    answer = door.ask("GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/assets/docs.js", "text/javascript; charset=utf-8"),
    ],
)
def test_the_pages_for_people_are_served(door: Door, path: str, kind: str) -> None:
    answer = door.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_nothing_else_lies_beside_the_pages(door: Door) -> None:
    assert door.ask("GET", "/assets/").status == 404
    assert door.ask("GET", "/assets/../templates/academy.conf.template").status == 404
    assert door.ask("GET", "/index.html").status == 404
