"""Links to files that carry their own permission, for players and viewers, which send no token.

Whoever has a link can use it until it expires, also after the access ended: so it lives for an hour.
"""

import base64
import hmac
import time
from datetime import UTC, datetime
from uuid import UUID

from shared.errors import Problem

LIFETIME_SECONDS = 3600
# What a browser shows without running anything of it; everything else is a download.
INLINE = frozenset({"application/pdf", "video/mp4"})


class FileLinkInvalid(Problem):
    status, slug, title = 403, "file-link-invalid", "This link to a file is not valid"
    detail = "It has expired, or was changed. Ask for a new one: GET /api/v1/files/{id}/link."


class LinkSigner:
    """Signs and checks links. Every api of catalog has the same key, derived from INTERNAL_TOKEN."""

    def __init__(self, internal_token: str) -> None:
        self._key = hmac.digest(internal_token.encode(), b"catalog: links to files", "sha256")

    def sign(self, file_id: UUID) -> tuple[str, datetime]:
        """The link's path and query, and when it expires."""
        expires = int(time.time()) + LIFETIME_SECONDS
        query = f"expires={expires}&signature={self._signature(file_id, expires)}"
        return f"/api/v1/files/{file_id}/media?{query}", datetime.fromtimestamp(expires, UTC)

    def check(self, file_id: UUID, expires: int, signature: str) -> None:
        """Raises FileLinkInvalid."""
        right = hmac.compare_digest(self._signature(file_id, expires).encode(), signature.encode())
        if not right or expires <= time.time():
            raise FileLinkInvalid

    def _signature(self, file_id: UUID, expires: int) -> str:
        digest = hmac.digest(self._key, f"{file_id}:{expires}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
