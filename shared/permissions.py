"""What each role may do, as data. A route names a permission, never a role."""

from typing import Literal

Role = Literal["student", "instructor", "support", "admin"]
Permission = Literal[
    "account:use",
    "courses:learn",
    "courses:write",
    "courses:admin",
    "payments:make",
    "payments:admin",
    "certificates:admin",
    "notifications:admin",
    "live:join",
    "live:schedule",
    "users:read",
    "users:admin",
    "events:admin",
]

_STUDENT: frozenset[Permission] = frozenset({"account:use", "courses:learn", "payments:make", "live:join"})
_INSTRUCTOR: frozenset[Permission] = frozenset({"courses:write", "live:schedule"})
_SUPPORT: frozenset[Permission] = frozenset({"users:read"})
_ADMIN: frozenset[Permission] = frozenset(
    {
        "courses:admin",
        "payments:admin",
        "certificates:admin",
        "notifications:admin",
        "users:read",
        "users:admin",
        "events:admin",
    }
)

PERMISSIONS: dict[str, frozenset[Permission]] = {
    "student": _STUDENT,
    "instructor": _STUDENT | _INSTRUCTOR,
    "support": _STUDENT | _SUPPORT,
    "admin": _STUDENT | _INSTRUCTOR | _SUPPORT | _ADMIN,
}

# Powers over other people or money: refused with 503 while we cannot tell whether the token was revoked.
SENSITIVE: frozenset[Permission] = frozenset(_ADMIN | _SUPPORT)


def permissions_of(roles: frozenset[str]) -> frozenset[Permission]:
    """The union over the roles; an unknown role grants nothing."""
    return frozenset().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))
