from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.identity.tests.people import Person, audited, new_person
from shared.events import InstructorApplicationDecided, UserUpdated
from shared.testing import Harness

OWN = "/api/v1/users/me/instructor-applications"
ADMIN = "/api/v1/admin/instructor-applications"
MOTIVATION = {"motivation": "I have taught statistics for ten years."}


def apply(person: Person) -> Any:
    return person.browser.post(OWN, json=MOTIVATION)


def test_an_approved_applicant_teaches_after_the_next_refresh(identity: Harness, admin: Person, person: Person) -> None:
    made = apply(person)
    assert (made.status_code, made.json()["status"]) == (201, "pending")
    approved = admin.browser.post(f"{ADMIN}/{made.json()['id']}/approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert approved.json()["decided_at"] is not None
    assert person.me().status_code == 401, "the token with the old roles has ended"
    assert person.refresh().me().json()["roles"] == ["instructor", "student"]
    [decided] = identity.published(InstructorApplicationDecided, person.id)
    [updated] = identity.published(UserUpdated, person.id)
    assert (decided.approved, str(decided.application_id), decided.reason) == (True, made.json()["id"], "")
    assert decided.version == updated.version + 1
    assert audited(identity, person)[-3:] == [
        "instructor_application.made",
        "instructor_application.approved",
        "user.roles_changed",
    ]
    assert apply(person).json()["type"] == "urn:academy:problem:instructor-already"


def test_a_refusal_tells_why_and_leaves_a_second_chance(identity: Harness, admin: Person, person: Person) -> None:
    first = apply(person).json()["id"]
    rejected = admin.browser.post(f"{ADMIN}/{first}/reject", json={"reason": "Tell us what you taught."})
    assert (rejected.json()["status"], rejected.json()["reason"]) == ("rejected", "Tell us what you taught.")
    assert person.me().json()["roles"] == ["student"], "nothing changed, the session goes on"
    [decided] = identity.published(InstructorApplicationDecided, person.id)
    assert (decided.approved, decided.reason) == (False, "Tell us what you taught.")
    second = apply(person).json()["id"]
    mine = person.browser.get(OWN).json()["items"]
    assert [(item["id"], item["status"]) for item in mine] == [(second, "pending"), (first, "rejected")]


def test_of_parallel_applications_one_is_made_and_of_parallel_decisions_one_counts(
    identity: Harness, admin: Person, person: Person
) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: apply(person), range(4)))
    assert sorted(answer.status_code for answer in made) == [201, 409, 409, 409]
    one = next(answer.json()["id"] for answer in made if answer.status_code == 201)

    def decide(verb: str) -> int:
        return int(admin.browser.post(f"{ADMIN}/{one}/{verb}", json={"reason": "not now"}).status_code)

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(decide, ["reject", "reject", "reject", "reject"]))
    assert sorted(codes) == [200, 409, 409, 409]
    assert len(identity.published(InstructorApplicationDecided, person.id)) == 1


def test_administrators_list_what_waits_in_pages(identity: Harness, admin: Person) -> None:
    ids = [apply(new_person(identity)).json()["id"] for _ in range(3)]
    admin.browser.post(f"{ADMIN}/{ids[0]}/approve")
    page = admin.browser.get(ADMIN, params={"status": "pending", "limit": 1}).json()
    assert [item["id"] for item in page["items"]] == ids[2:]
    following = {"status": "pending", "limit": 1, "cursor": page["next_cursor"]}
    assert [item["id"] for item in admin.browser.get(ADMIN, params=following).json()["items"]] == [ids[1]]
    approved = admin.browser.get(ADMIN, params={"status": "approved"}).json()["items"]
    assert ids[0] in [item["id"] for item in approved]


@pytest.mark.parametrize(
    "body", [None, {}, {"motivation": "short"}, {"motivation": "x" * 1001}, {**MOTIVATION, "x": 1}]
)
def test_a_bad_application_is_refused_by_name(person: Person, body: Any) -> None:
    answer = person.browser.post(OWN, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"]
    assert person.browser.get(OWN).json() == {"items": []}


def test_an_unknown_application_is_a_404_and_a_refusal_needs_a_reason(admin: Person, person: Person) -> None:
    assert admin.browser.post(f"{ADMIN}/{uuid7()}/approve").status_code == 404
    one = apply(person).json()["id"]
    for body in (None, {}, {"reason": ""}, {"reason": "x" * 501}):
        assert admin.browser.post(f"{ADMIN}/{one}/reject", json=body).status_code == 422
    assert admin.browser.get(ADMIN, params={"status": "maybe"}).status_code == 422
