"""A school that has lived: every kind of thing is there, and its ids are known. Random ids find nothing but 404."""

import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from ops.demo.caller import PASSWORD, Caller
from ops.demo.steps import StepFailed
from ops.demo.story import Story

Document = dict[str, Any]
ROLES = ("student", "instructor", "support", "admin")
# Access tokens live for five minutes.
FRESH_SECONDS = 200
# Who is refused tries again after so long.
PAUSE_SECONDS = 10
# Of each kind of thing so many are looked at.
SHOWN = 8


class School:
    """The demo's story, lived on a running platform up to its last step; and somebody of every role."""

    def __init__(self, state: dict[str, Any], document: Document) -> None:
        self.story = Story(state)
        for _, act in self.story.steps():
            # Nothing to learn from more buyers, and the student stays signed in.
            if act not in (self.story.class_pays, self.story.log_out):
                act()
        self.support = Caller(state["gateway"])
        self._hire_support()
        self._passwords = dict.fromkeys(ROLES, PASSWORD) | {"admin": state["admin"]["password"]}
        self._signed_in_at = dict.fromkeys(ROLES, float("-inf"))
        self._refused_at = dict.fromkeys(ROLES, float("-inf"))
        self.known = self._harvest(document)

    def caller(self, role: str) -> Caller:
        """Who plays the role."""
        people = {"student": self.story.student, "instructor": self.story.instructor, "support": self.support}
        return people.get(role, self.story.admin)

    def credential(self, role: str, anew: bool = False) -> str:
        """The Authorization header of the role, fresh as long as the account may sign in."""
        caller = self.caller(role)
        now = time.monotonic()
        due = self._signed_in_at[role] + (0 if anew else FRESH_SECONDS)
        if now > max(due, self._refused_at[role] + PAUSE_SECONDS):
            try:
                caller.sign_in(caller.email, self._passwords[role])
                self._signed_in_at[role] = now
            except StepFailed:
                # Suspended or erased: with the token it had, then. Or nothing but busy: later.
                self._refused_at[role] = now
        return str(caller.http.headers["Authorization"])

    def sign_in_again(self, role: str) -> None:
        """The role's access token is void (its roles have changed, say): a new one with the next request."""
        self._signed_in_at[role] = float("-inf")

    def close(self) -> None:
        """Everybody hangs up."""
        self.support.http.close()
        self.story.close()

    def _hire_support(self) -> None:
        self.support.register(f"sam-{uuid4()}@example.com", "Sam Port", self.story.mailbox)
        path, anything = f"/api/v1/admin/users/{self.support.user_id}", {"If-Match": "*"}
        self.story.admin.call("PATCH", path, headers=anything, json={"roles": ["support"]})
        self.support.sign_in(self.support.email, PASSWORD)

    def _harvest(self, document: Document) -> dict[str, list[str]]:
        """Every id that somebody is shown, by what it is an id of: `course_id` -> ids."""
        known: dict[str, set[str]] = defaultdict(set)
        reads = [
            path for path, methods in document["paths"].items() if "get" in methods and not path.endswith("events")
        ]
        # Twice: what lies below a thing is asked for when the thing is known.
        for _ in range(2):
            for path in reads:
                for role in ROLES:
                    self._read(role, path, known)
        return {name: sorted(values) for name, values in sorted(known.items())}

    def _read(self, role: str, path: str, known: dict[str, set[str]]) -> None:
        for values in places(known, path):
            answer = self.caller(role).raw("GET", path.format(**values))
            if answer.status_code == 200 and "json" in answer.headers["content-type"]:
                for name, value in ids(answer.json(), noun(path.rsplit("/", 1)[-1])):
                    known[name].add(value)


def places(known: Any, path: str) -> Iterator[dict[str, str]]:
    """What a path's parameters may be: of what is above the first one known, of the last some. One lesson has files."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    found = [sorted(candidates(known, name)) for name in names]
    for values in itertools.product(*(one[:1] for one in found[:-1]), *(one[:SHOWN] for one in found[-1:])):
        yield dict(zip(names, values, strict=True))


def candidates(known: Any, name: str) -> list[str]:
    """What fits a parameter: `application_id` may be called `instructor_application_id` where it is shown."""
    wanted = "course_id" if name == "course" else name
    return [value for key, values in known.items() if key == wanted or key.endswith(f"_{wanted}") for value in values]


def ids(document: Any, what: str) -> Iterator[tuple[str, str]]:
    """(name, value) of each id in an answer about `what`."""
    if isinstance(document, list):
        for item in document:
            yield from ids(item, what)
    elif isinstance(document, dict):
        for key, value in document.items():
            if isinstance(value, str) and (key.endswith("_id") or key in ("id", "code", "slug")):
                yield f"{what}_id" if key == "id" else key, value
            else:
                yield from ids(value, what if key == "items" else noun(key))


def noun(word: str) -> str:
    """`live-sessions` -> `live_session`."""
    word = word.replace("-", "_").strip("{}")
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")
