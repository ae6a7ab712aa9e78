"""The instructor's part: a real course from the Markdown files in ops/demo_course."""

import json
from pathlib import Path
from typing import Any

from ops.demo.caller import Caller

COURSE = Path(__file__).resolve().parent.parent / "demo_course"


def write_course(instructor: Caller) -> dict[str, Any]:
    """Creates the course with modules, lessons and attachment; returns it as created, unpublished."""
    outline = json.loads((COURSE / "course.json").read_text())
    fields = {name: outline[name] for name in ("title", "summary", "price")}
    fields["description"] = outline["description"]
    course: dict[str, Any] = instructor.call("POST", "/api/v1/courses", 201, json=fields)
    for module in outline["modules"]:
        write_module(instructor, course["id"], module, outline["attachment"])
    return course


def write_module(instructor: Caller, course_id: str, module: dict[str, Any], attachment: dict[str, str]) -> None:
    """One module with its lessons in order; the attachment goes to the lesson that names its file."""
    created = instructor.call("POST", f"/api/v1/courses/{course_id}/modules", 201, json={"title": module["title"]})
    for lesson in module["lessons"]:
        body = {
            "title": lesson["title"],
            "content": (COURSE / lesson["file"]).read_text(),
            "is_preview": lesson.get("is_preview", False),
        }
        path = f"/api/v1/courses/{course_id}/modules/{created['id']}/lessons"
        lesson_id = instructor.call("POST", path, 201, json=body)["id"]
        if lesson["file"] == attachment["lesson"]:
            attach(instructor, course_id, lesson_id, COURSE / attachment["file"])


def attach(instructor: Caller, course_id: str, lesson_id: str, path: Path) -> None:
    """Uploads a PDF to a lesson."""
    with path.open("rb") as content:
        files = {"file": (path.name, content, "application/pdf")}
        instructor.call(
            "POST", "/api/v1/files", 201, data={"course_id": course_id, "lesson_id": lesson_id}, files=files
        )
