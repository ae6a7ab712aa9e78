"""The course that the demo sells must be worth its price: complete, and every example runs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

COURSE = Path(__file__).resolve().parent.parent
OUTLINE: dict[str, Any] = json.loads((COURSE / "course.json").read_text())
LESSONS = [lesson["file"] for module in OUTLINE["modules"] for lesson in module["lessons"]]


def test_the_outline_names_every_lesson_once_and_the_first_is_free_to_read() -> None:
    assert sorted(LESSONS) == sorted(path.name for path in COURSE.glob("*.md"))
    previews = [lesson for module in OUTLINE["modules"] for lesson in module["lessons"] if lesson.get("is_preview")]
    assert [lesson["file"] for lesson in previews] == LESSONS[:1]


def test_the_attachment_is_one_small_page_of_a_lesson_that_exists() -> None:
    attachment = OUTLINE["attachment"]
    file = COURSE / attachment["file"]
    assert attachment["lesson"] in LESSONS
    assert file.stat().st_size < 60_000
    (page,) = PdfReader(file).pages
    assert OUTLINE["title"] in page.extract_text()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lessons build on the files of the ones before."""
    return tmp_path_factory.mktemp("desk")


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_example_runs_as_it_stands(lesson: str, desk: Path) -> None:
    if lesson == "02_clean.md":
        run("01_read.md", desk)
    answer = run(lesson, desk)
    assert answer.returncode == 0, answer.stderr


def run(lesson: str, desk: Path) -> subprocess.CompletedProcess[str]:
    code = "\n".join(re.findall(r"```python\n(.*?)```", (COURSE / lesson).read_text(), re.DOTALL))
    assert code
    (desk / "lesson.py").write_text(code)
    command = [sys.executable, "-W", "error", "lesson.py"]
    return subprocess.run(command, cwd=desk, capture_output=True, text=True, check=False)
