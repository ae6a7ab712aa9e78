"""The printed sheet: any name at all, no markup, no file, no network, the same bytes in every process."""

import os
import random
import subprocess
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from time import process_time
from typing import Any

import pytest
from pypdf import PdfReader

from services.certificates.diploma import Diploma
from services.certificates.pdf.sheet import LATIN_NOTE, render_diploma
from shared.typesetting.lettering import clean, shape, visual_order
from shared.typesetting.lines import FONTS

SAMPLE = Diploma(
    academy="AI First Academy",
    learner_name="Ada Lovelace",
    course_title="Practical Python for Data Work",
    completed_at=datetime(2026, 11, 3, tzinfo=UTC),
    issued_at=datetime(2026, 11, 4, tzinfo=UTC),
    code="7K3M-9QTV-2XAB-44ZC-PQRS-T0WX-YZ19",
    verify_url="https://academy.test/api/v1/certificates/verify/7K3M-9QTV-2XAB-44ZC-PQRS-T0WX-YZ19",
)
PRINTABLE = [
    "Ann <b Smith",
    "Bob </para>",
    "<img src='/etc/passwd'/>",
    '<img src="http://127.0.0.1:9/x.png"/>',
    "<a href='file:///etc/shadow'>x</a>",
    "&lt;b&gt; &amp; &#0; %s {0} ${x} {{ 7*7 }}",
    "(paren \\) endobj stream >> /JS",
    "Robert'); DROP TABLE certificates;--",
    "Nguyễn Thị Ánh Tuyết",
    "Þórður Łukasz Šťastný Ğüneş",
    "Владимир Ђорђевић",
    "Ελένη Παπαδοπούλου",
    "Արամ Խաչատրյան",
    "王小明",
    "山田さくら",
    "김민수",
    "Zoe\u0308 Combining",
    "Maximiliana Theodora " * 14,
    "x" * 300,
    "王" * 300,
]
ENDLESS = ["x" * 200_000, "x " * 100_000, "王" * 200_000]
RIGHT_TO_LEFT = ["דוד בן גוריון", "محمد عبد الله الأنصاري", "شهرزاد پژمان گل", "یاسر عرفات"]
UNPRINTABLE = [
    "😀👍🏽👩‍👩‍👧",
    "अनिल कुमार",
    "สมชาย",
    "",
    " ",
    "\u202eevil\u202c",
    "a\x00b\x07c",
    "\ue000",
    "\U000e0001",
    "̈" * 50,
]


RANGES = [
    lambda dice: dice.randrange(0x20, 0x250),
    lambda dice: dice.randrange(0x590, 0x780),
    lambda dice: dice.randrange(0, 0xD800),
    lambda dice: dice.randrange(0xE000, 0x110000),
]


def text_of(pdf: bytes) -> str:
    (page,) = PdfReader(BytesIO(pdf)).pages
    return page.extract_text()


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize("name", PRINTABLE)
def test_the_sheet_carries_the_name_as_it_is(name: str) -> None:
    assert squeezed(name) in squeezed(text_of(render_diploma(replace(SAMPLE, learner_name=name))))


@pytest.mark.parametrize("name", RIGHT_TO_LEFT)
def test_right_to_left_names_are_printed_from_right_to_left(name: str) -> None:
    printed = text_of(render_diploma(replace(SAMPLE, learner_name=name))).splitlines()
    # Extraction gives one word a line, from the left of the sheet to its right.
    assert [squeezed(word) for word in printed if not word.isascii()] == name.split()[::-1]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("plain (text) 42", "plain (text) 42"),
        ("דוד (Dov) 1948", "1948 (Dov) " + "דוד"[::-1]),
        ("David (דוד) 42", "David (" + "דוד"[::-1] + ") 42"),
        ("شَمس", "\ufeb2\ufee4\ufeb7\u064e"),
        ("لا", "\ufefb"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u062f", "\ufeaa\ufeeb\ufe8d\ufeee\ufea7\ufbfd\ufee3"),
    ],
)
def test_letters_join_and_lines_turn_as_unicode_says(written: str, seen: str) -> None:
    assert visual_order(shape(clean(written))) == seen


@pytest.mark.parametrize("name", UNPRINTABLE)
def test_what_no_font_has_breaks_nothing(name: str) -> None:
    assert "Certificate of Completion" in text_of(render_diploma(replace(SAMPLE, learner_name=name, course_title=name)))


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("प्रिया शर्मा", "Priya Srma"),
        ("สมชาย ใจดี", "Smchay"),
        ("தமிழ்ச்செல்வி", "Tmilccelvi"),
        ("অর্ণব সেন", "Sen"),
        ("አበበ ቢቂላ", "Abebe Bik'ila"),
        ("ស៊ិន", "S"),
        ("Ann 🎉", "Ann :tada:"),
    ],
)
def test_name_in_a_script_without_a_font_is_printed_in_latin_letters(name: str, printed: str) -> None:
    pdf = render_diploma(replace(SAMPLE, learner_name=name, course_title=name))
    assert squeezed(text_of(pdf)).count(squeezed(printed)) >= 2
    assert "\ufffd" not in text_of(pdf)
    assert squeezed(LATIN_NOTE) in squeezed(text_of(pdf))
    title = PdfReader(BytesIO(pdf)).metadata.title  # type: ignore[union-attr]
    assert title == f"Certificate of {clean(name)}: {clean(name)}"


def test_the_documents_title_carries_the_name_for_screen_readers() -> None:
    pdf = PdfReader(BytesIO(render_diploma(replace(SAMPLE, learner_name="محمد अनिल"))))
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Certificate of محمد अनिल: Practical Python for Data Work"


def test_one_diploma_is_the_same_bytes_in_every_process_and_after_any_other() -> None:
    expected = sha256(render_diploma(SAMPLE)).hexdigest()
    for name in ("王小明", "محمد", "x" * 300):
        render_diploma(replace(SAMPLE, learner_name=name))
    assert sha256(render_diploma(SAMPLE)).hexdigest() == expected
    script = (
        "import hashlib; from services.certificates.tests.test_diploma import SAMPLE, render_diploma;"
        "print(hashlib.sha256(render_diploma(SAMPLE)).hexdigest())"
    )
    for seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "TZ": "Asia/Tokyo",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == expected


def test_threads_printing_at_once_do_not_disturb_each_other() -> None:
    # Letters made of letter and accent are what ReportLab reads through a shared position.
    accented = [chr(code) for code in range(0xC0, 0x250)]
    names = ["".join(random.Random(seed).sample(accented, 150)) for seed in range(4)]
    diplomas = [replace(SAMPLE, learner_name=name, course_title=name) for name in names]
    alone = [render_diploma(diploma) for diploma in diplomas]
    patience = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(render_diploma, diplomas * 2))
    finally:
        sys.setswitchinterval(patience)
    assert together == alone * 2


def test_no_name_opens_a_file_a_socket_or_a_process() -> None:
    names = [*PRINTABLE[:-3], *UNPRINTABLE]
    for name in names:
        render_diploma(replace(SAMPLE, learner_name=name))  # fonts and modules are loaded now
    seen: list[tuple[str, Any]] = []
    watching, here = [True], threading.get_ident()

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        # Threads of other tests in this process do as they like.
        if (
            watching
            and threading.get_ident() == here
            and event.split(".")[0] in ("open", "os", "socket", "subprocess", "shutil", "urllib")
        ):
            seen.append((event, arguments))

    sys.addaudithook(watch)
    try:
        for name in names:
            render_diploma(replace(SAMPLE, learner_name=name, course_title=name))
    finally:
        watching.clear()
    assert seen == []


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_name_is_cut_and_costs_little(name: str) -> None:
    started = process_time()
    assert "…" in text_of(render_diploma(replace(SAMPLE, learner_name=name)))
    assert process_time() - started < 2


def test_random_names_never_fail() -> None:
    dice = random.Random(20261103)
    for _ in range(30):
        name = "".join(chr(dice.choice(RANGES)(dice)) for _ in range(dice.randrange(1, 120)))
        assert render_diploma(replace(SAMPLE, learner_name=name)).startswith(b"%PDF-")


def test_every_font_has_its_licence_beside_it() -> None:
    for file in FONTS.glob("*.ttf"):
        family = "DejaVu" if file.name.startswith("DejaVu") else file.stem
        assert (FONTS / f"LICENSE-{family}.txt").stat().st_size > 1000
