"""An instructor writes a course, publishes it, changes it, archives it."""

import json
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.catalog.models import Base
from services.catalog.tests.school import COURSES, FREE, PAID, School, answer
from shared.events import CourseArchived, CoursePublished, CourseUpdated
from shared.testing import Harness
from shared.testing.harness import Caller
from shared.testing.schema import assert_models_match_migrations


def test_models_and_migrations_agree(catalog: Harness) -> None:
    assert_models_match_migrations(catalog, Base.metadata)


def test_a_new_course_is_a_draft_of_its_instructor(school: School) -> None:
    instructor = school.catalog.caller("instructor")
    title = f"Über Größe {uuid7()}"
    course = answer(instructor.post(COURSES, json={"title": f"  {title} ", "description": "*Hi*", "price": PAID}), 201)
    assert course["title"] == title
    assert course["slug"].startswith("uber-grosse-")
    assert course["status"] == "draft"
    assert course["instructor_id"] == str(instructor.user_id)
    assert course["price"] == PAID
    assert course["description_html"] == "<p><em>Hi</em></p>\n"
    assert course["language"] == "en"
    assert course["version"] == 1


def test_courses_with_the_same_title_get_addresses_of_their_own(school: School) -> None:
    title = f"Twins {uuid7()}"
    courses = [school.draft(title=title) for _ in range(3)]
    slugs = [answer(course.instructor.get(course.url))["slug"] for course in courses]
    assert len(set(slugs)) == 3
    assert all(slug.startswith(slugs[0]) for slug in slugs)


@pytest.mark.parametrize("title", ["teaching", "数学", "!!!", "01920000-0000-7000-8000-000000000000"])
def test_every_title_gets_an_address_that_finds_the_course(school: School, title: str) -> None:
    course = school.course(title=title)
    slug = answer(course.instructor.get(course.url))["slug"]
    assert answer(school.catalog.client.get(f"{COURSES}/{slug}"))["id"] == course.id


def test_publishing_needs_a_lesson_and_says_so(school: School) -> None:
    course = school.draft(lessons=0)
    problem = answer(course.instructor.post(f"{course.url}/publish"), 409)
    assert problem["type"] == "urn:academy:problem:cannot-publish"
    assert problem["missing"] == ["lesson"]
    assert not school.catalog.published(CoursePublished, course.id)


def test_publishing_tells_the_other_services_once(school: School) -> None:
    course = school.draft(price=PAID)
    first = answer(course.instructor.post(f"{course.url}/publish"))
    assert answer(course.instructor.post(f"{course.url}/publish")) == first
    (event,) = school.catalog.published(CoursePublished, course.id)
    assert (event.slug, event.title, event.version) == (first["slug"], first["title"], first["version"])
    assert (event.price_amount, event.price_currency) == (4900, "USD")
    assert event.instructor_id == course.instructor.user_id


def test_changes_of_a_published_course_are_told_with_growing_versions(school: School) -> None:
    course = school.course()
    answer(course.instructor.patch(course.url, json={"title": "Renamed"}))
    answer(course.instructor.patch(course.url, json={"price": PAID}))
    course.lesson()
    published = school.catalog.published(CoursePublished, course.id)
    updated = school.catalog.published(CourseUpdated, course.id)
    assert [event.title for event in updated] == ["Renamed"] * len(updated)
    assert updated[1].price_amount == 4900
    assert updated[-1].lesson_count == 2
    versions = [event.version for event in [*published, *updated]]
    assert versions == sorted(set(versions))


def test_what_others_do_not_show_is_not_told(school: School) -> None:
    course = school.course()
    before = answer(course.instructor.get(course.url))
    answer(course.instructor.patch(course.url, json={"summary": "Other words", "title": before["title"]}))
    answer(course.instructor.patch(course.lesson_url(), json={"content": "Other words"}))
    after = answer(course.instructor.get(course.url))
    assert after["version"] == before["version"] + 2
    assert not school.catalog.published(CourseUpdated, course.id)


def test_no_difference_is_no_change(school: School) -> None:
    course = school.course(price=PAID)
    before = answer(course.instructor.get(course.url))
    same = {"title": before["title"], "price": before["price"], "description": before["description"]}
    for body in ({}, same):
        assert answer(course.instructor.patch(course.url, json=body))["version"] == before["version"]


def test_changes_of_a_draft_are_nobody_elses_business(school: School) -> None:
    course = school.draft()
    answer(course.instructor.patch(course.url, json={"title": "Still secret", "price": PAID}))
    assert not school.catalog.published(CourseUpdated, course.id)


def test_an_archived_course_leaves_the_shop_for_good(school: School) -> None:
    course = school.course()
    for _ in range(2):
        assert answer(course.instructor.post(f"{course.url}/archive"))["status"] == "archived"
    assert len(school.catalog.published(CourseArchived, course.id)) == 1
    assert school.catalog.client.get(course.url).status_code == 404
    problem = answer(course.instructor.post(f"{course.url}/publish"), 409)
    assert problem["type"] == "urn:academy:problem:course-archived"


def test_an_archived_draft_is_nobody_elses_business(school: School) -> None:
    course = school.draft()
    answer(course.instructor.post(f"{course.url}/archive"))
    assert not school.catalog.published(CourseArchived, course.id)


def test_markdown_becomes_safe_html(school: School) -> None:
    hostile = (
        "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[a](javascript:alert(1))"
        ' [b](https://ok.example "t")\n\n'
        "![c](data:image/svg+xml;base64,PHN2Zz4=) <javascript:alert(1)> [d](java&#x0A;script:alert(1))\n\n~~gone~~"
    )
    course = school.draft(lessons=0, description=hostile)
    lesson = course.lesson(content=hostile)
    detail = answer(course.instructor.get(course.url))
    page = answer(course.instructor.get(f"{course.url}/lessons/{lesson}"))
    assert page["content"] == hostile
    for html in (detail["description_html"], page["content_html"]):
        assert "<script" not in html
        assert "<img src" not in html
        assert 'href="javascript' not in html
        assert "data:" not in html.replace("(data:", "")
        assert '<a href="https://ok.example" title="t" rel="noopener noreferrer nofollow">b</a>' in html
        assert "<s>gone</s>" in html


def test_bad_input_is_refused_by_the_name_of_its_field(school: School) -> None:
    instructor = school.catalog.caller("instructor")
    good = {"title": f"Good {uuid7()}", "price": FREE}
    bad: dict[str, list[Any]] = {
        "title": ["", "  ", "x" * 201, "a\x00b", 7, None],
        "summary": ["x" * 1001, "\x00"],
        "description": ["x" * 100_001, "\ud800", []],
        "language": ["EN", "english!", "x" * 40],
        "price": [None, 5, "free"],
        "instructor_id": [str(uuid7())],
        "status": ["published"],
    }
    for field, values in bad.items():
        for value in values:
            problem = answer(_post_raw(instructor, {**good, field: value}), 422)
            assert problem["errors"][0]["field"].startswith(field), (field, value)
    for price in ({"amount": -1}, {"amount": 10**9}, {"amount": 1.5}, {"amount": True}, {"amount": "1"}):
        problem = answer(instructor.post(COURSES, json={**good, "price": {"currency": "USD", **price}}), 422)
        assert problem["errors"][0]["field"] == "price.amount"
    for currency in ("usd", "XXX", "", "US", None):
        problem = answer(instructor.post(COURSES, json={**good, "price": {"amount": 1, "currency": currency}}), 422)
        assert problem["errors"][0]["field"] == "price.currency"
    assert answer(instructor.get(f"{COURSES}/teaching"))["items"] == []


@pytest.mark.parametrize(("amount", "currency"), [(1, "USD"), (500, "CZK"), (299, "SEK"), (49, "JPY"), (29, "GBP")])
def test_a_price_below_the_smallest_payment_is_refused(school: School, amount: int, currency: str) -> None:
    instructor, course = school.catalog.caller("instructor"), school.draft(price=PAID)
    body = {"title": f"Good {uuid7()}", "price": {"amount": amount, "currency": currency}}
    for refused in (instructor.post(COURSES, json=body), course.instructor.patch(course.url, json=body)):
        problem = answer(refused, 422)
        assert [error["field"] for error in problem["errors"]] == ["price.amount"]


def test_null_is_no_change(school: School) -> None:
    course = school.draft()
    for field in ("title", "summary", "description", "language", "price"):
        problem = answer(course.instructor.patch(course.url, json={field: None}), 422)
        assert problem["errors"][0]["field"] == field


def _post_raw(instructor: Caller, body: dict[str, object]) -> Any:
    # As bytes, since an HTTP client may refuse to encode what an attacker would send.
    return instructor.post(COURSES, content=json.dumps(body))
