"""What each role may do, as data. A route names a permission, never a role."""

from typing import Literal

Role = Literal["student", "instructor", "support", "admin"]
Permission = Literal[
    "account:use",
    # What decides whose account it is: password, e-mail address, second factors, sessions, keys, export, erasure.
    "account:secure",
    "courses:learn",
    "courses:write",
    "courses:publish",
    "courses:admin",
    "payments:make",
    "payments:read",
    "payments:refund",
    "payments:admin",
    "certificates:read",
    "certificates:admin",
    "notifications:read",
    "notifications:admin",
    "live:join",
    "live:schedule",
    "users:read",
    "users:admin",
    "users:impersonate",
    "users:erase",
    "instructors:approve",
    "audit:read",
    "events:admin",
]

_STUDENT: frozenset[Permission] = frozenset(
    {"account:use", "account:secure", "courses:learn", "payments:make", "live:join"}
)
_INSTRUCTOR: frozenset[Permission] = frozenset({"courses:write", "courses:publish", "live:schedule"})
# Reads what a question is about, changes nothing of it.
_SUPPORT: frozenset[Permission] = frozenset({"users:read", "payments:read", "certificates:read", "notifications:read"})
_ADMIN: frozenset[Permission] = frozenset(
    {
        "courses:admin",
        "payments:admin",
        "payments:refund",
        "certificates:admin",
        "notifications:admin",
        "users:admin",
        "users:impersonate",
        "users:erase",
        "instructors:approve",
        "audit:read",
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

# What nobody may do in another person's name: spend their money, change whose account it is, use powers over others.
WITHHELD_FROM_IMPERSONATORS: frozenset[Permission] = SENSITIVE | {"account:secure", "payments:make"}

# What no program may do by an API key: change whose account it is, give or take powers, or what cannot be undone.
WITHHELD_FROM_KEYS: frozenset[Permission] = frozenset(
    {"account:secure", "users:admin", "users:impersonate", "users:erase", "instructors:approve"}
)


def permissions_of(roles: frozenset[str]) -> frozenset[Permission]:
    """The union over the roles; an unknown role grants nothing."""
    return frozenset().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))


def permissions_in_force(
    roles: frozenset[str], impersonated: bool, scopes: frozenset[str] | None
) -> frozenset[Permission]:
    """What a token allows: what its roles do, less what is withheld from who acts for another person, and of that only
    the scopes of the API key it was made from; None when it was made by a sign-in."""
    granted = permissions_of(roles)
    if impersonated:
        granted -= WITHHELD_FROM_IMPERSONATORS
    if scopes is None:
        return granted
    return frozenset(permission for permission in granted - WITHHELD_FROM_KEYS if permission in scopes)
