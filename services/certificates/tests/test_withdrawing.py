"""Administrators revoke and restore; every act leaves one row that says who and why."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.certificates.tests.school import School
from shared.events import CertificateRevoked

ADMIN = "/api/v1/admin/certificates"
BECAUSE = {"reason": "the exam was taken by somebody else"}


def decisions(school: School, certificate: dict[str, Any]) -> list[dict[str, Any]]:
    answer = school.harness.caller("admin").get(f"{ADMIN}/{certificate['id']}/decisions")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_revoking_shows_at_once_to_everybody_and_is_announced(school: School) -> None:
    _, learner, certificate = school.graduate()
    admin = school.harness.caller("admin")
    answer = admin.post(f"{ADMIN}/{certificate['id']}/revoke", json=BECAUSE)
    assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, "revoked", 2)
    assert school.verify(certificate["code"]).json()["status"] == "revoked"
    assert learner.get(f"/api/v1/certificates/{certificate['id']}").json()["revocation_reason"] == BECAUSE["reason"]
    (event,) = school.harness.published(CertificateRevoked, certificate["id"])
    assert event.reason == BECAUSE["reason"]


def test_each_act_is_kept_with_who_and_why(school: School) -> None:
    _, _, certificate = school.graduate()
    admin = school.harness.caller("admin")
    admin.post(f"{ADMIN}/{certificate['id']}/revoke", json=BECAUSE)
    admin.post(f"{ADMIN}/{certificate['id']}/restore", json={"reason": "the appeal was right"})
    kept = [(item["action"], item["reason"], UUID(item["actor_id"])) for item in decisions(school, certificate)]
    revoke = ("revoke", BECAUSE["reason"], admin.user_id)
    assert kept == [("restore", "the appeal was right", admin.user_id), revoke]


def test_restoring_makes_it_valid_again(school: School) -> None:
    _, learner, certificate = school.graduate()
    admin = school.harness.caller("admin")
    admin.post(f"{ADMIN}/{certificate['id']}/revoke", json=BECAUSE)
    restored = admin.post(f"{ADMIN}/{certificate['id']}/restore", json=BECAUSE).json()
    assert (restored["status"], restored["revoked_at"], restored["withdrawal_reason"]) == ("valid", None, None)
    assert learner.get(f"/api/v1/certificates/{certificate['id']}/pdf").status_code == 200


def test_an_administrators_revocation_outlives_whatever_happens_to_the_access(school: School) -> None:
    story, learner, certificate = school.graduate()
    school.harness.caller("admin").post(f"{ADMIN}/{certificate['id']}/revoke", json=BECAUSE)
    school.harness.deliver(story.revoked(3))
    assert learner.get(f"/api/v1/certificates/{certificate['id']}").json()["revocation_reason"] == BECAUSE["reason"]
    school.harness.deliver(story.granted(4))
    assert school.verify(certificate["code"]).json()["status"] == "revoked"


def test_restoring_does_not_give_back_what_a_refund_took(school: School) -> None:
    story, _, certificate = school.graduate()
    admin = school.harness.caller("admin")
    admin.post(f"{ADMIN}/{certificate['id']}/revoke", json=BECAUSE)
    school.harness.deliver(story.revoked(3, reason="payment refunded"))
    restored = admin.post(f"{ADMIN}/{certificate['id']}/restore", json=BECAUSE).json()
    assert (restored["status"], restored["revocation_reason"]) == ("revoked", "payment refunded")
    again = admin.post(f"{ADMIN}/{certificate['id']}/restore", json=BECAUSE)
    assert (again.status_code, again.json()["type"]) == (409, "urn:academy:problem:certificate-not-revoked-by-hand")


def test_of_parallel_revocations_one_wins_and_the_others_learn_it(school: School) -> None:
    _, _, certificate = school.graduate()
    admin = school.harness.caller("admin")
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: admin.post(f"{ADMIN}/{certificate['id']}/revoke", json=BECAUSE), range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert len(decisions(school, certificate)) == 1
    assert len(school.harness.published(CertificateRevoked, certificate["id"])) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "  x "},
        {"reason": "x" * 1001},
        {"reason": "a\x00bc"},
        {"reason": 5},
        [],
        None,
        {**BECAUSE, "status": "valid"},
    ],
)
def test_a_bad_body_is_a_422_and_changes_nothing(school: School, body: Any) -> None:
    _, _, certificate = school.graduate()
    admin = school.harness.caller("admin")
    assert admin.post(f"{ADMIN}/{certificate['id']}/revoke", json=body).status_code == 422
    assert school.verify(certificate["code"]).json()["status"] == "valid"
    assert decisions(school, certificate) == []


def test_an_unknown_certificate_is_a_404(school: School) -> None:
    admin = school.harness.caller("admin")
    for act in ("revoke", "restore"):
        assert admin.post(f"{ADMIN}/{uuid7()}/{act}", json=BECAUSE).status_code == 404
    assert admin.get(f"{ADMIN}/{uuid7()}/decisions").status_code == 404


@pytest.mark.parametrize(("role", "reads"), [("student", 403), ("instructor", 403), ("support", 200)])
def test_support_reads_and_only_administrators_decide(school: School, role: str, reads: int) -> None:
    _, _, certificate = school.graduate()
    caller = school.harness.caller(role)
    one = f"{ADMIN}/{certificate['id']}"
    assert {caller.get(ADMIN).status_code, caller.get(f"{one}/decisions").status_code} == {reads}
    answers = [caller.post(f"{one}/{act}", json=BECAUSE) for act in ("revoke", "restore")]
    assert {answer.status_code for answer in answers} == {403}


def test_the_list_of_all_finds_by_learner_course_status_and_code(school: School) -> None:
    story, _, certificate = school.graduate()
    admin = school.harness.caller("admin")
    for filters in (
        f"user_id={story.user_id}",
        f"course_id={story.course_id}&status=valid",
        f"code={certificate['code'].lower().replace('-', ' ')}",
    ):
        page = admin.get(f"{ADMIN}?{filters}").json()
        assert [item["id"] for item in page["items"]] == [certificate["id"]], filters
        assert page["items"][0]["user_id"] == str(story.user_id)
    assert admin.get(f"{ADMIN}?course_id={story.course_id}&status=revoked").json()["items"] == []


@pytest.mark.parametrize("query", ["code=abc", "code=", "status=gone", "user_id=1", "limit=0", "limit=101"])
def test_a_bad_filter_is_a_422_that_names_it(school: School, query: str) -> None:
    answer = school.harness.caller("admin").get(f"{ADMIN}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, query.split("=")[0])
