"""Who looks at a course or changes it, as far as the domain cares."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.permissions import Permission


class SignedIn(Protocol):
    """What the door knows of a signed-in caller."""

    @property
    def user_id(self) -> UUID: ...

    def may(self, permission: Permission) -> bool: ...


@dataclass(frozen=True)
class Visitor:
    """`user_id` is None for the anonymous; an admin may see and edit every course."""

    user_id: UUID | None
    is_admin: bool = False

    @classmethod
    def of(cls, actor: SignedIn | None) -> "Visitor":
        """The visitor behind a request."""
        return cls(actor.user_id, actor.may("courses:admin")) if actor else cls(None)

    def owns(self, instructor_id: UUID) -> bool:
        """True for the course's instructor and for admins."""
        return self.is_admin or self.user_id == instructor_id
