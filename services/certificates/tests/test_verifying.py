"""The public check: JSON for programs, a page for people, and nothing more than needed for either."""

import base64
import re
from hashlib import sha256
from typing import Any

import pytest

from services.certificates.tests.school import School

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def test_a_stranger_learns_that_it_stands_and_little_else(school: School) -> None:
    _, _, certificate = school.graduate(name="Ada Augusta Lovelace")
    answer = school.verify(certificate["code"])
    assert answer.json() == {
        "status": "valid",
        "code": certificate["code"],
        "issuer": "AI First Academy",
        "course_title": "Practical Python for Data Work",
        "learner_name": "Ada L.",
        "completed_at": "2026-11-03T12:30:00Z",
        "issued_at": certificate["issued_at"],
        "revoked_at": None,
        "pdf_sha256": None,
    }
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Accept", "no-cache")


def test_the_check_knows_the_hash_of_the_downloaded_file(school: School) -> None:
    _, learner, certificate = school.graduate()
    pdf = learner.get(f"/api/v1/certificates/{certificate['id']}/pdf").content
    assert school.verify(certificate["code"]).json()["pdf_sha256"] == sha256(pdf).hexdigest()


def test_a_code_is_read_in_any_case_with_or_without_dashes_and_with_look_alikes(school: School) -> None:
    _, _, certificate = school.graduate()
    code = certificate["code"]
    typed = [code.lower(), code.replace("-", ""), code.replace("-", " "), code.replace("0", "o").replace("1", "l")]
    for spelling in typed:
        assert school.verify(spelling).json()["code"] == code


def test_codes_are_random_and_readable(school: School) -> None:
    codes = {school.graduate()[2]["code"] for _ in range(20)}
    assert len(codes) == 20
    for code in codes:
        assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}", code), code


BAD_CODES = [
    "0000-0000-0000-0000-0000-0000-0000",
    "x",
    "-",
    "%20",
    "U" * 28,
    "' OR 1=1 --",
    "é" * 28,
    "%F0%9F%98%80",
    "A" * 5000,
    "ß" * 14,
    "%FF",
    "<script>alert(1)<",
]


@pytest.mark.parametrize("code", BAD_CODES)
def test_an_unknown_code_is_a_404_in_either_form(school: School, code: str) -> None:
    problem = school.verify(code)
    assert problem.status_code == 404
    assert problem.headers["content-type"] == "application/problem+json"
    page = school.verify(code, BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "No certificate has this code" in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("application/json;q=0.5, text/html;q=0.9", "text/html"),
        ("TEXT/HTML; level=1; Q=0.9", "text/html"),
        ("text/html;q=0.4, application/json", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("nonsense;;;,,q=/", "application/json"),
        ("text/html;q=1.5.2", "text/html"),
    ],
)
def test_the_page_goes_to_those_who_prefer_one(school: School, accept: str, kind: str) -> None:
    _, _, certificate = school.graduate()
    answer = school.verify(certificate["code"], accept)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)


def test_the_page_says_what_the_json_says(school: School) -> None:
    story, _, certificate = school.graduate()
    page = school.verify(certificate["code"], BROWSER).text
    for text in ("This certificate is valid", story.title, "Ada L.", "3 November 2026", certificate["code"]):
        assert text in page
    assert "Lovelace" not in page
    school.harness.deliver(story.revoked(3, reason="chargeback of card 4242"))
    page = school.verify(certificate["code"], BROWSER).text
    assert "This certificate is revoked" in page
    assert "chargeback" not in page


def test_the_page_may_use_its_own_style_and_nothing_else(school: School) -> None:
    _, _, certificate = school.graduate()
    answer = school.verify(certificate["code"], BROWSER)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    allowed = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{allowed}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert (answer.headers["vary"], answer.headers["x-robots-tag"]) == ("Accept", "noindex")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{ 'q' * 9 }}",
    '"><svg/onload=x>',
    "a</title>b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_page_escapes_names_and_titles(school: School, text: str) -> None:
    _, _, certificate = school.graduate(name=text, title=text)
    page = school.verify(certificate["code"], BROWSER).text
    for harm in ("<script", "<img", "<svg", "qqqqqqqqq", "b</title"):
        assert harm not in page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Plato", "Plato"),
        ("Ada King Lovelace", "Ada L."),
        ("王小明", "王小明"),
        ("  Bo   Li ", "Bo L."),
        ("x" * 300, "x" * 59 + "…"),
    ],
)
def test_names_are_shortened(school: School, name: str, shown: str) -> None:
    _, _, certificate = school.graduate(name=name)
    answer: dict[str, Any] = school.verify(certificate["code"]).json()
    assert answer["learner_name"] == shown
