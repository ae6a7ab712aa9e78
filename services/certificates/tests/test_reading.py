"""Who may see which certificate."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.certificates.tests.school import School, Story


def test_strangers_and_instructors_get_404_for_a_certificate_that_is_not_theirs(school: School) -> None:
    _, _, certificate = school.graduate()
    for roles in (("student",), ("instructor",)):
        stranger = school.harness.caller(*roles)
        for path in ("", "/pdf"):
            answer = stranger.get(f"/api/v1/certificates/{certificate['id']}{path}")
            assert (answer.status_code, answer.json()["type"]) == (404, "urn:academy:problem:certificate-not-found")


def test_administrators_see_every_certificate(school: School) -> None:
    _, _, certificate = school.graduate()
    admin = school.harness.caller("admin")
    assert admin.get(f"/api/v1/certificates/{certificate['id']}").json()["id"] == certificate["id"]
    assert admin.get(f"/api/v1/certificates/{certificate['id']}/pdf").status_code == 200


def test_nothing_but_the_public_check_answers_without_a_token(school: School) -> None:
    _, _, certificate = school.graduate()
    for path in ("", f"/{certificate['id']}", f"/{certificate['id']}/pdf"):
        assert school.harness.client.get(f"/api/v1/certificates{path}").status_code == 401
    assert school.harness.client.get("/api/v1/admin/certificates").status_code == 401


def test_my_list_holds_mine_only_newest_first_page_by_page(school: School) -> None:
    story, learner, _ = school.graduate()
    school.graduate()
    for _ in range(2):
        school.harness.deliver(Story(user_id=story.user_id).completed())
    ids: list[UUID] = []
    cursor = ""
    while True:
        page = learner.get(f"/api/v1/certificates?limit=2{cursor}").json()
        ids += [UUID(item["id"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(ids) == 3
    assert ids == sorted(ids, reverse=True)


def test_a_certificate_shows_no_internals_to_its_owner(school: School) -> None:
    _, learner, certificate = school.graduate()
    shown = learner.get(f"/api/v1/certificates/{certificate['id']}").json()
    assert not {"pdf_key", "pdf_sha256", "withdrawal_reason", "user_id"} & shown.keys()


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4Il0", "WzFd", "bnVsbA"])
def test_a_cursor_that_is_not_ours_is_a_422(school: School, cursor: str) -> None:
    answer = school.harness.caller().get(f"/api/v1/certificates?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


@pytest.mark.parametrize("path", ["/not-a-uuid", "/not-a-uuid/pdf"])
def test_an_id_that_is_none_is_a_422(school: School, path: str) -> None:
    assert school.harness.caller().get(f"/api/v1/certificates{path}").status_code == 422
    assert school.harness.caller().get(f"/api/v1/certificates/{uuid7()}").status_code == 404
