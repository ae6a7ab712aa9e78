"""Visitors find courses; instructors and administrators find theirs."""

from urllib.parse import quote

import pytest
from uuid_utils.compat import uuid7

from services.catalog.tests.school import COURSES, School, answer
from services.catalog.tests.statements import counted_statements


def test_visitors_see_published_courses_newest_first(school: School) -> None:
    word = f"word{uuid7().hex}"
    first, second = (school.course(title=f"{word} {n}") for n in range(2))
    school.draft(title=f"{word} draft")
    school.course(title=f"{word} gone").instructor.post(f"{first.url}/archive")
    gone = school.course(title=f"{word} gone too")
    answer(gone.instructor.post(f"{gone.url}/archive"))
    items = answer(school.catalog.client.get(COURSES, params={"query": word}))["items"]
    assert [item["id"] for item in items][1:] == [second.id, first.id]
    everything = answer(school.catalog.client.get(COURSES, params={"limit": 100}))["items"]
    assert {first.id, second.id} <= {item["id"] for item in everything}
    assert gone.id not in {item["id"] for item in everything}


def test_the_list_comes_in_pages(school: School) -> None:
    word = f"word{uuid7().hex}"
    expected = [school.course(title=f"{word} {n}").id for n in range(5)][::-1]
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = answer(school.catalog.client.get(COURSES, params={"query": word, "limit": "2", **cursor}))
        found += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert found == expected
    assert page["next_cursor"] is None


def test_search_finds_beginnings_of_words_in_title_and_summary(school: School) -> None:
    mark = uuid7().hex
    course = school.course(title=f"Gardening {mark}", summary="Tomatoes & more")
    for query in (f"garden {mark}", f"{mark} TOMA", f"{mark[:30]} more", f"  {mark}!!"):
        items = answer(school.catalog.client.get(COURSES, params={"query": query}))["items"]
        assert [item["id"] for item in items] == [course.id], query
    assert answer(school.catalog.client.get(COURSES, params={"query": f"{mark} potatoes"}))["items"] == []


@pytest.mark.parametrize("query", ["'", "a' | 'b", "!!!", "\\", "%", "x:*", "a & | !", "\x00", "_" * 200, "😀", "<->"])
def test_no_search_text_breaks_the_search(school: School, query: str) -> None:
    answer(school.catalog.client.get(COURSES, params={"query": query}))


FAR_TIME = "WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5IiwiMDE5MjAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDBkZWFkIl0"


@pytest.mark.parametrize(
    "cursor", [FAR_TIME, "x", "bnVsbA", "W10", "WzFd", "WyJhIiwiYiJd", "💥", "e30", "W251bGwsbnVsbF0"]
)
def test_a_foreign_cursor_is_refused(school: School, cursor: str) -> None:
    for url in (COURSES, f"{COURSES}/teaching", "/api/v1/admin/courses", "/api/v1/enrollments"):
        problem = answer(school.catalog.caller("admin").get(url, params={"cursor": cursor}), 422)
        assert problem["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    "address",
    ["nothing-here", "a%00b", "%F0%9F%92%A5", "a" * 3000, "01920000-0000-7000-8000-00000000dead", "..%2f..%2fx", "%ff"],
)
def test_an_address_of_nothing_is_not_found(school: School, address: str) -> None:
    assert answer(school.catalog.client.get(f"{COURSES}/{address}"), 404)["status"] == 404


def test_the_public_page_shows_the_outline_but_no_lesson(school: School) -> None:
    course = school.course(lessons=1)
    course.lesson(title="Look inside", content="Preview content", is_preview=True)
    by_id = school.catalog.client.get(course.url)
    detail = answer(by_id)
    assert answer(school.catalog.client.get(f"{COURSES}/{quote(detail['slug'])}")) == detail
    lines = [line for module in detail["modules"] for line in module["lessons"]]
    assert [line["title"] for line in lines] == ["Lesson 1", "Look inside"]
    assert [line["is_preview"] for line in lines] == [False, True]
    assert all(set(line) == {"id", "title", "position", "is_preview", "version"} for line in lines)
    assert "Secret" not in by_id.text
    assert "Preview content" not in by_id.text


def test_instructors_find_their_own_courses_in_every_state(school: School) -> None:
    instructor = school.catalog.caller("instructor")
    draft = school.draft(instructor=instructor)
    published = school.course(instructor=instructor)
    school.draft()
    items = answer(instructor.get(f"{COURSES}/teaching"))["items"]
    assert [(item["id"], item["status"]) for item in items] == [(published.id, "published"), (draft.id, "draft")]
    page = answer(instructor.get(f"{COURSES}/teaching", params={"limit": 1}))
    rest = answer(instructor.get(f"{COURSES}/teaching", params={"cursor": page["next_cursor"]}))
    assert [item["id"] for item in rest["items"]] == [draft.id]


def test_administrators_find_all_courses_and_filter_them(school: School) -> None:
    word = f"word{uuid7().hex}"
    admin = school.catalog.caller("admin")
    draft = school.draft(title=f"{word} a")
    published = school.course(title=f"{word} b")
    url = "/api/v1/admin/courses"
    found = answer(admin.get(url, params={"query": word}))["items"]
    assert [item["id"] for item in found] == [published.id, draft.id]
    found = answer(admin.get(url, params={"query": word, "status": "draft"}))["items"]
    assert [item["id"] for item in found] == [draft.id]
    assert answer(admin.get(url, params={"status": "secret"}), 422)["errors"][0]["field"] == "status"
    assert school.catalog.caller("instructor").get(url).status_code == 403


def test_the_public_list_takes_one_query_however_long_it_is(school: School) -> None:
    word = f"word{uuid7().hex}"
    for _ in range(3):
        school.course(title=word)
    with counted_statements(school.catalog) as statements:
        assert len(answer(school.catalog.client.get(COURSES, params={"query": word}))["items"]) == 3
    assert len(statements) == 1, statements


def test_a_course_with_its_outline_takes_one_query_however_long_it_is(school: School) -> None:
    course = school.course(lessons=3)
    course.lesson()
    with counted_statements(school.catalog) as statements:
        answer(school.catalog.client.get(course.url))
    assert len(statements) == 1, statements


def test_my_enrollments_take_one_query_however_many_they_are(school: School) -> None:
    student = school.learner(school.course(lessons=2))
    for _ in range(3):
        answer(student.post("/api/v1/enrollments", json={"course_id": school.course(lessons=2).id}), 201)
    with counted_statements(school.catalog) as statements:
        assert len(answer(student.get("/api/v1/enrollments"))["items"]) == 4
    assert len(statements) == 1, statements
