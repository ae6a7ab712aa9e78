"""Courses are found by what they are called, in every script."""

# ruff: noqa: RUF001 (titles in many scripts)

import random
import re
import unicodedata

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.catalog.courses.searching import index_terms, query_of
from services.catalog.courses.slugs import slug_of
from services.catalog.tests.school import COURSES, School, answer

TITLES = [
    ("Node.js in production", ["Node.js", "node js", "js", "node", "PRODUCTION"], ["ode"]),
    ("ASP.NET Core web APIs", ["ASP.NET", "net core", ".NET", "api"], ["C#"]),
    ("CI/CD pipelines", ["CI/CD", "CD", "cd ci"], []),
    ("Python 3.12 features", ["3.12", "Python 3.12", "python 3"], ["3.1.2", "3.13"]),
    ("C++ for beginners", ["C++", "c", "c++ beg"], ["C#"]),
    ("C# and F#", ["C#", "f#"], ["C++"]),
    ("Cooking for programmers", ["coo"], ["C++", "C#", "c"]),
    ("हिन्दी सीखें", ["हिन्दी", "सीखें"], ["हैन्दी"]),
    ("Café culture", ["cafe", "café", unicodedata.normalize("NFD", "CAFÉ")], []),
    (unicodedata.normalize("NFD", "Café au lait"), ["cafe", "café"], []),
    ("Übungen aus Gdańsk und Łódź", ["ubungen", "gdansk", "lodz"], []),
    ("数据分析入门", ["分析", "数据", "入", "数据分析"], ["据入"]),
    ("日本語プログラミング", ["プログラ", "本語", "ﾌﾟﾛｸﾞﾗﾐﾝｸﾞ"], []),
    ("การเรียนรู้ของเครื่อง", ["เรียนรู้", "เครื่อง"], []),
    ("😀", ["😀"], []),
]


@pytest.mark.parametrize(("title", "queries", "others"), TITLES)
def test_courses_are_found_by_words_of_their_title(
    school: School, title: str, queries: list[str], others: list[str]
) -> None:
    mark = uuid7().hex
    course = school.course(title=title, summary=mark)
    admin = school.catalog.caller("admin")
    for query in (title, *queries):
        asked = {"query": f"{query} {mark}"}
        found = answer(school.catalog.client.get(COURSES, params=asked))["items"]
        assert [item["id"] for item in found] == [course.id], query
        assert len(answer(admin.get(f"/api/v1/admin{COURSES.removeprefix('/api/v1')}", params=asked))["items"]) == 1
    for query in others:
        assert not answer(school.catalog.client.get(COURSES, params={"query": f"{query} {mark}"}))["items"], query


def test_a_course_is_found_by_its_new_title_only(school: School) -> None:
    mark, new = uuid7().hex, uuid7().hex
    course = school.course(title=f"Café {mark}")
    version = answer(course.instructor.get(course.url))["version"]
    answer(course.instructor.patch(course.url, json={"title": f"Łódź {new}"}, headers={"If-Match": f'"{version}"'}))
    assert len(answer(school.catalog.client.get(COURSES, params={"query": f"lodz {new}"}))["items"]) == 1
    assert not answer(school.catalog.client.get(COURSES, params={"query": mark}))["items"]


def test_texts_that_the_release_before_writes_are_found(school: School) -> None:
    course, word = school.course(title="Café"), uuid7().hex
    engine = school.catalog.academy.owner("catalog")
    with engine.begin() as connection:
        connection.execute(text("UPDATE courses SET title = :title WHERE id = :id"), {"title": word, "id": course.id})
    engine.dispose()
    found = answer(school.catalog.client.get(COURSES, params={"query": word}))["items"]
    assert [item["id"] for item in found] == [course.id]


ALPHABETS = [
    *("abcdefghiz", "äöüßéñçł", "абвгдйё", "αβγάώ", "اأبتثمَ", "אבגדש"),
    *("हिन्दीसखें", "தமிழ்ச்", "กขเรียนู้", "数据分析入门", "かがプグラー", "한국어가나"),
]


def test_random_titles_are_found_by_themselves() -> None:
    chance = random.Random(5)
    for number in range(500):
        alphabet = ALPHABETS[number % len(ALPHABETS)] + "  ..+#/-'’&0123C:é😀"
        title = "".join(chance.choices(alphabet, k=chance.randint(2, 40)))
        indexed = index_terms(title)
        other = unicodedata.normalize(chance.choice(["NFC", "NFD"]), title.upper() if number % 2 else title)
        for term, prefix in re.findall(r"'([^']*)'(:\*)?", query_of(other)):
            assert any(one == term or (prefix and one.startswith(term)) for one in indexed), (title, other, term)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Straße und Verkehr", "strasse-und-verkehr"),
        ("Łódź i Gdańsk", "lodz-i-gdansk"),
        ("Машинное обучение", "mashinnoe-obuchenie"),
        ("数据分析", "shujufenxi"),
        ("Teaching", "course-teaching"),
    ],
)
def test_slugs_are_transliterated(title: str, slug: str) -> None:
    assert slug_of(title) == slug
