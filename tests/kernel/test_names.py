"""Names and titles: what nobody may write in them, and that real ones are taken."""

# ruff: noqa: RUF001 (names in many scripts)

import random
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.schemas import Name, PersonName

TITLE, PERSON = TypeAdapter[str](Name), TypeAdapter[str](PersonName)
REAL = [
    "Ann Lee",
    "J. R. R. Tolkien",
    "J.R.R. Tolkien",
    "J.R.R.Tolkien",
    "A.P.J. Abdul Kalam",
    "K.Ramesh",
    "S.O'Brien",
    "J.-P. Sartre",
    "J.-P.Sartre",
    "St. John",
    "St. John-Smythe",
    "Dr. Müller",
    "Prof. Dr. Dr. h.c. mult. Ada Müller",
    "Anna Meier, M.Sc.",
    "Anna Meier (B.Sc.)",
    "Ing. Jan Novák, Ph.D.",
    "Dipl.-Ing. Ute Groß",
    "Jean-Luc O'Neil Jr.",
    "Sammy Davis Jr., Esq.",
    "Martin Luther King Jr.",
    "Robert Downey, Jr",
    "Mary-Jane d’Arc",
    "Björk Guðmundsdóttir",
    "Nguyễn Thị Minh Khai",
    "Владимир В. Набоков",
    "А.С.Пушкин",
    "А. С. Пушкин",
    "李小龍",
    "列夫·托尔斯泰",
    "たなか さくら",
    "김민준",
    "محمد بن سلمان",
    "\u200fמשה\u200e (Moshe)",
    "علی\u200cرضا",
    "د. أحمد زويل",
    "\u061cأحمد",
    "राम कुमार",
    "ดร.สมชาย ใจดี",
    "พ.ต.ท.สมชาย ใจดี",
    "X Æ A-12",
    "Madonna",
    "Ann ...Lee",
    "Ann & Bob",
    "K. Ramesh s/o Raman",
    "👩🏽‍🚀 Ann",
    "3.14",
]
ADDRESSES = [
    "You won 500 USD: evil.example/claim now",
    "evil.example",
    "EVIL.EXAMPLE",
    "Ann (evil.example)",
    "see bit.ly/abc",
    "t.co/abc",
    "t.me/abc",
    "x.com",
    "evil.co.uk",
    "a.evil.example",
    "sub.k.ramesh.com",
    "https://evil",
    "HTTPS://EVIL",
    "ftp://x",
    "www.evil",
    "WWW.evil",
    "ann@evil.example",
    "192.0.2.7/claim",
    "192.0.2.7",
    "evil\uff0eexample",
    "evil\u3002example",
    "evil\uff61example",
    "evil\u2024example",
    "ｅｖｉｌ．ｃｏｍ",
    "evil.\u200bexample",
    "evil\u200c.\u200dexample",
    "evil.\u00adexample",
    "evil.e\u0301xample/a",
    "evil.xn--p1ai",
    "зло.рф",
    "зло.рус/приз",
    "зло.неведомое/приз",
    "邪恶.中国",
    "http:\u200b//evil",
]
UNREADABLE = [
    "a\nb",
    "a\r\nBcc: b",
    "a\tb",
    "a\x00b",
    "a\x1bb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "\ud800",
    " ",
]
TURNING = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


def refused(kind: TypeAdapter[str], text: Any) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("name", REAL, ids=ascii)
def test_real_names_are_taken(name: str) -> None:
    assert (PERSON.validate_python(name), TITLE.validate_python(name)) == (name, name)


@pytest.mark.parametrize("name", ADDRESSES, ids=ascii)
def test_a_persons_name_holds_no_address(name: str) -> None:
    assert refused(PERSON, name)


@pytest.mark.parametrize("title", ["Node.js for ASP.NET people", "HTTP://: what it is", "www.example.com, explained"])
def test_a_title_may_speak_of_addresses(title: str) -> None:
    assert TITLE.validate_python(title) == title


@pytest.mark.parametrize("kind", [TITLE, PERSON], ids=["title", "person"])
@pytest.mark.parametrize("text", UNREADABLE, ids=ascii)
def test_control_characters_and_line_breaks_are_refused(kind: TypeAdapter[str], text: str) -> None:
    assert refused(kind, text)


@pytest.mark.parametrize("kind", [TITLE, PERSON], ids=["title", "person"])
@pytest.mark.parametrize("control", TURNING, ids=ascii)
def test_what_turns_the_reading_direction_is_refused(kind: TypeAdapter[str], control: str) -> None:
    assert refused(kind, f"Invoice {control}fdp.exe")


@pytest.mark.parametrize(("kind", "most"), [(TITLE, 200), (PERSON, 100)], ids=["title", "person"])
def test_the_limits_are_measured_without_spaces_at_the_ends(kind: TypeAdapter[str], most: int) -> None:
    assert kind.validate_python(f"  {'x' * most}  ") == "x" * most
    assert refused(kind, "x" * (most + 1))


INVISIBLE = "\u200b\ufeff\u00ad\u200d\u2060\u3164\u115f\u1160\uffa0\u2800\u00a0\u3000\u034f\ufe0f\u180e\u200e\U000e0041"


@pytest.mark.parametrize("text", [*INVISIBLE, INVISIBLE, " \u200b \u3164"])
def test_names_that_nobody_can_see_are_refused(text: str) -> None:
    for names in (TITLE, PERSON):
        with pytest.raises(ValidationError):
            names.validate_python(text)


def test_five_thousand_names_are_visible_or_refused() -> None:
    chance = random.Random(1)
    pieces = [*INVISIBLE, " ", *"aZ9é", "ß", "я", "中", "あ", "한", "ก", "अ", "ع", "א", "😀"]
    for _ in range(5000):
        text = "".join(chance.choices(pieces, [6] * (len(INVISIBLE) + 1) + [1] * 14, k=chance.randint(1, 4)))
        visible = any(one in pieces[len(INVISIBLE) + 1 :] for one in text)
        try:
            taken = bool(TITLE.validate_python(text))
        except ValidationError:
            taken = False
        assert taken == visible, ascii(text)
