"""When Markdown is rendered: it may take long, so nobody waits for a course meanwhile."""

from typing import Any

import pytest
from sqlalchemy import text

from services.catalog.courses import authoring, lessons
from services.catalog.courses.rendering import render_markdown
from services.catalog.tests.school import School, answer

WRITES = {
    "a new lesson": ("POST", "{url}/modules/{module}/lessons", {"title": "Second", "content": "**new**"}),
    "a changed lesson": ("PATCH", "{url}/lessons/{lesson}", {"content": "**new**"}),
    "a changed course": ("PATCH", "{url}", {"description": "**new**"}),
}


@pytest.mark.parametrize("write", WRITES)
def test_the_course_is_not_locked_while_markdown_is_rendered(
    school: School, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    course = school.course()
    method, url, body = WRITES[write]
    database, rendered = school.catalog.database, []

    def render_and_look(markdown: str) -> str:
        with database.begin() as session:
            session.execute(text("SELECT 1 FROM courses WHERE id = :id FOR UPDATE NOWAIT"), {"id": course.id})
        rendered.append(markdown)
        return render_markdown(markdown)

    for module in (lessons, authoring):
        monkeypatch.setattr(module, "render_markdown", render_and_look)
    address = url.format(url=course.url, module=course.modules[0], lesson=course.lessons[0])
    headers: dict[str, Any] = {"If-Match": "*"} if method == "PATCH" else {}
    written = answer(course.instructor.request(method, address, json=body, headers=headers), 200 if headers else 201)
    assert rendered == ["**new**"]
    html = written.get("content_html") or written.get("description_html")
    assert html == "<p><strong>new</strong></p>\n"


def test_what_the_parser_emits_for_code_and_tables_is_kept() -> None:
    fence = "`" * 3
    assert '<code class="language-python">' in render_markdown(f"{fence}python\nprint(1)\n{fence}")
    assert '<code class="language-c++">' in render_markdown(f"{fence}c++\nx\n{fence}")
    assert "class=" not in render_markdown(f"{fence}a'b;c\nx\n{fence}")
    aligned = render_markdown("| a |\n|--:|\n| 1 |")
    assert aligned.count('style="text-align:right"') == 2
    assert '<ol start="3">' in render_markdown("3. three")
