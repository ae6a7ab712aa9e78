"""What callers see of files. What they send is multipart/form-data, described here for the OpenAPI document."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.catalog.schemas import Output

UPLOAD_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["course_id", "lesson_id", "file"],
                "properties": {
                    "course_id": {"type": "string", "format": "uuid"},
                    "lesson_id": {"type": "string", "format": "uuid"},
                    "file": {"type": "string", "format": "binary", "description": "PDF, MP4 or ZIP"},
                },
            }
        }
    },
}


class FileLink(Output):
    """`url` works without a token until `expires_at`; then ask for a new one. Keep it out of logs."""

    url: str
    expires_at: datetime


class FileRead(Output):
    """`size` in bytes; `sha256` of the content, in hex."""

    id: UUID
    course_id: UUID
    lesson_id: UUID
    name: str
    content_type: str
    size: int
    sha256: str
    created_at: datetime
