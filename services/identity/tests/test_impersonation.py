import jwt
import pytest
from sqlalchemy import update

from services.identity.models import UserSession
from services.identity.tests.people import Person, audited, entries_about, new_person, refresh
from services.identity.tests.samples import picture
from shared.testing import Harness
from shared.testing.harness import Caller

USERS = "/api/v1/admin/users"
BECAUSE = {"reason": "ticket 4711: cannot see the course"}


def impersonate(admin: Person, person: Person) -> Person:
    """The person, as the administrator is them."""
    answer = admin.browser.post(f"{USERS}/{person.id}/impersonate", json=BECAUSE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    return Person(admin.harness, person.id, person.email, "", tokens["access_token"], tokens["refresh_token"])


def test_an_administrator_sees_what_a_person_sees_and_every_trace_says_so(
    identity: Harness, admin: Person, person: Person
) -> None:
    acting = impersonate(admin, person)
    claims = jwt.decode(acting.access_token, options={"verify_signature": False})
    assert (claims["sub"], claims["act"]) == (str(person.id), {"sub": str(admin.id)})
    me = acting.me().json()
    assert (me["id"], me["impersonated_by"]) == (str(person.id), str(admin.id))
    assert person.me().json()["impersonated_by"] is None

    acting.browser.post("/api/v1/users/me/instructor-applications", json={"motivation": "I want to teach statistics."})
    page = admin.browser.get("/api/v1/admin/audit", params={"object_id": str(person.id), "limit": 2}).json()["items"]
    applied, impersonated = page
    assert impersonated["action"] == "user.impersonated"
    assert (impersonated["actor_id"], impersonated["details"]["reason"]) == (str(admin.id), BECAUSE["reason"])
    assert (applied["action"], applied["actor_id"]) == ("instructor_application.made", str(person.id))
    assert applied["impersonator_id"] == str(admin.id)


def test_what_is_changed_in_a_persons_name_says_who_did_it(
    identity: Harness, admin: Person, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    acting = impersonate(admin, person).browser
    assert acting.get("/api/v1/users/me").status_code == 200
    assert acting.patch("/api/v1/users/me", json={"headline": "Not mine"}).status_code == 200
    png = acting.request("PUT", "/api/v1/users/me/avatar", {"Content-Type": "image/png"}, content=picture("PNG"))
    assert png.status_code == 200
    assert acting.delete("/api/v1/users/me/avatar").status_code == 204
    told = [message for message in caplog.messages if "acts in another person's name" in message]
    assert len(told) == 3
    assert all(str(admin.id) in message and str(person.id) in message for message in told)
    changes = [entry for entry in entries_about(identity, person) if entry.action.startswith("user.p")]
    assert [(entry.action, entry.details) for entry in changes] == [
        ("user.profile_changed", {"fields": ["headline"]}),
        ("user.picture_set", {}),
        ("user.picture_removed", {}),
    ]
    assert {(entry.actor_id, entry.impersonator_id) for entry in changes} == {(person.id, admin.id)}
    noted = len(entries_about(identity, person))
    assert person.browser.patch("/api/v1/users/me", json={"headline": "Not mine"}).status_code == 200
    assert len(entries_about(identity, person)) == noted, "nothing has changed"


def test_the_person_sees_it_among_their_sessions_and_may_end_it(admin: Person, person: Person) -> None:
    acting = impersonate(admin, person)
    listed = {one["by_administrator"]: one["id"] for one in person.browser.get("/api/v1/auth/sessions").json()["items"]}
    assert set(listed) == {True, False}
    assert person.browser.delete(f"/api/v1/auth/sessions/{listed[True]}").status_code == 204
    assert (acting.me().status_code, person.me().status_code) == (401, 200)


def test_it_goes_on_by_refresh_for_half_an_hour_and_not_longer(
    identity: Harness, admin: Person, person: Person
) -> None:
    acting = impersonate(admin, person).refresh()
    assert acting.me().json()["impersonated_by"] == str(admin.id), "a refreshed token says so as well"
    with identity.database.begin() as session:
        started = session.query(UserSession).filter_by(user_id=person.id, impersonator_id=admin.id).one()
        assert (started.expires_at - started.created_at).total_seconds() == 30 * 60
        over = update(UserSession).where(UserSession.id == started.id).values(expires_at=started.created_at)
        session.execute(over)
    assert refresh(identity, acting.refresh_token).status_code == 401


def test_logout_ends_the_impersonation_and_nothing_else(admin: Person, person: Person) -> None:
    acting = impersonate(admin, person)
    assert acting.browser.post("/api/v1/auth/logout").status_code == 204
    assert acting.me().status_code == 401
    assert person.me().status_code == admin.me().status_code == 200


def test_it_is_refused_for_administrators_oneself_and_the_suspended(
    identity: Harness, admin: Person, person: Person
) -> None:
    other = new_person(identity, "admin")
    admin.browser.post(f"{USERS}/{person.id}/suspend")
    for victim in (other, admin, person):
        answer = admin.browser.post(f"{USERS}/{victim.id}/impersonate", json=BECAUSE)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:cannot-impersonate")
    assert "user.impersonated" not in audited(identity, other)


@pytest.mark.parametrize(
    "body", [None, {}, {"reason": ""}, {"reason": " x "}, {"reason": "x" * 501}, {"reason": "a\0b"}]
)
def test_it_needs_a_reason(admin: Person, person: Person, body: dict[str, str] | None) -> None:
    answer = admin.browser.post(f"{USERS}/{person.id}/impersonate", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize("end", ["suspend the admin", "demote the admin", "sign the admin out", "promote the person"])
def test_it_ends_with_the_powers_it_stands_on(identity: Harness, admin: Person, person: Person, end: str) -> None:
    other = new_person(identity, "admin")
    acting = impersonate(other, person)
    match end:
        case "suspend the admin":
            admin.browser.post(f"{USERS}/{other.id}/suspend")
        case "demote the admin":
            admin.browser.patch(f"{USERS}/{other.id}", json={"roles": ["student"]}, headers={"If-Match": "*"})
        case "sign the admin out":
            admin.browser.post(f"{USERS}/{other.id}/sign-out")
        case "promote the person":
            admin.browser.patch(f"{USERS}/{person.id}", json={"roles": ["admin"]}, headers={"If-Match": "*"})
    assert acting.me().status_code == 401
    assert refresh(identity, acting.refresh_token).status_code == 401


def test_a_token_of_an_administrator_demoted_this_moment_starts_nothing(
    identity: Harness, admin: Person, person: Person
) -> None:
    """The revocation that ended it has not been seen yet, as in another replica's cache: the row decides."""
    stale = identity.app.state.signer.sign(person.id, admin.id, ["admin"])
    answer = Caller(identity.client, person.id, stale).post(f"{USERS}/{admin.id}/impersonate", json=BECAUSE)
    assert answer.status_code == 403


def test_signing_a_person_out_ends_all_their_sessions(identity: Harness, admin: Person, person: Person) -> None:
    first = Person(identity, person.id, person.email, person.password, person.access_token, person.refresh_token)
    person.sign_in()
    answer = admin.browser.post(f"{USERS}/{person.id}/sign-out")
    assert answer.json() == {"sessions_ended": 2, "api_keys_revoked": 0}
    assert first.me().status_code == person.me().status_code == 401
    assert person.sign_in().me().status_code == 200, "they may come back"
    [entry] = [entry for entry in entries_about(identity, person) if entry.action == "user.signed_out"]
    assert (entry.actor_id, entry.details) == (admin.id, {"sessions_ended": 2})
