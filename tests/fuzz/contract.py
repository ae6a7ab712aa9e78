"""Requests made from the OpenAPI document, good and bad ones, and what the answers did not keep of it."""

import ipaddress
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.engine import events, from_schema

from tests.fuzz import stories
from tests.fuzz.rounds import Round
from tests.fuzz.school import Document, School, candidates

# An answer of any other kind, type or shape than the document says; a 5xx; a sign-in that is not asked for.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
    "missing_required_header",
    "use_after_free",
    "ensure_resource_availability",
)
# It stays open for four minutes where there is an order; it has tests of its own (billing's test_timeline.py).
LEFT_OUT = ("stream_order_steps",)
# They end what the others need: sign-ins, accounts, roles. Each role plays them at the very end.
ENDINGS = (
    *("logout", "end_sessions", "end_session", "change_password", "erase_me", "erase_user", "suspend_user"),
    *("sign_out_user", "update_user", "move_user", "impersonate_user", "archive_course", "retry_erasure"),
)
ANYTHING = {"If-Match": "*"}
# 428 is the answer to a change without If-Match (RFC 6585), and says so better than 400; 409 comes before it.
ANSWERS = {"missing_required_header": {"enabled": True, "expected-statuses": [400, 401, 403, 404, 409, 415, 422, 428]}}


NUMBERS = itertools.count()


@schemathesis.hook("before_call")
def come_from_elsewhere(_context: Any, case: Any, _options: Any) -> None:
    """Throttles are per network: from one address everything but the first guesses would be answered 429."""
    case.headers["X-Forwarded-For"] = str(ipaddress.ip_address(0x0A000000 + next(NUMBERS) * 256))


@dataclass(frozen=True)
class Effort:
    """How far: examples per operation, phases of schemathesis, stories told. With `seconds` a round goes on for so
    long, over and over; without, it ends when every operation had its examples."""

    seed: int
    examples: int
    phases: tuple[str, ...]
    stories: int
    seconds: int | None = None

    def part(self, share: float) -> "Effort":
        """The same for a share of the time."""
        return replace(self, seconds=self.seconds and int(self.seconds * share))


@dataclass(frozen=True)
class Part:
    """Some operations, and how they are asked. What ends a sign-in is played by who has signed in `anew`."""

    operations: tuple[str, ...]
    effort: Effort
    phases: Document
    anew: bool = False


def play(
    school: School, document: Document, gateway: str, role: str, effort: Effort, tell: Callable[[], None]
) -> Round:
    """A round of everything, one of stories, one of what ends things; `tell` is called after each operation."""
    done = Round(role)
    began = time.monotonic()
    for part in _parts(document, role, effort):
        schema = _schema(document, gateway, role, part).include(operation_id=list(part.operations))
        _use_what_is_there(schema, school.known)
        if role != "anonymous":
            schema.auth(refresh_interval=None)(_sign_in_of(school, role, part.anew))
            schema.hook("after_call")(_notice_the_end(school, role))
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                done.note_scenario(event, document)
                tell()
            elif isinstance(event, (events.NonFatalError, events.FatalError)):
                done.note_error(event)
    done.seconds = time.monotonic() - began
    return done


def _parts(document: Document, role: str, effort: Effort) -> Iterator[Part]:
    everything = {"enabled": False, **{phase: {"enabled": True} for phase in effort.phases}}
    yield Part(all_but(document, (*LEFT_OUT, *ENDINGS)), effort.part(0.7), everything)
    if story := stories.story_of(document, role) - {*LEFT_OUT, *ENDINGS}:
        yield Part(tuple(sorted(story)), replace(effort.part(0.15), examples=effort.stories), stories.PHASES)
    yield Part(ENDINGS, effort.part(0.15), everything, anew=True)


def all_but(document: Document, left_out: tuple[str, ...]) -> tuple[str, ...]:
    """The operations of the document, without some."""
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    return tuple(name for name in ids if name not in left_out)


def _schema(document: Document, gateway: str, role: str, part: Part) -> Any:
    config: dict[str, Any] = {
        "base-url": gateway,
        "seed": part.effort.seed,
        "request-timeout": 20,
        "max-redirects": 0,
        "continue-on-failure": True,
        "generation": {
            "max-examples": part.effort.examples,
            "database": "none",
            "no-shrink": True,
            "with-security-parameters": False,
        },
        "phases": part.phases,
        "warnings": False,
        # A busy machine is slow at making requests up.
        "suppress-health-check": ["all"],
        "checks": {"enabled": False, **{check: {"enabled": True} for check in CHECKS}, **ANSWERS},
    }
    if part.effort.seconds:
        config["max-time"] = part.effort.seconds
    if role == "anonymous":
        # It would sign up by itself.
        config["auth"] = {"auto-signup": False}
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(config))


def _use_what_is_there(schema: Any, known: dict[str, list[str]]) -> None:
    """Half of the ids that are asked for, filtered by or sent are of things that exist; half of the times lie ahead."""

    def real(_context: Any, values: Any) -> Any:
        if not isinstance(values, dict):
            return st.just(values)
        there = {name: found for name in values if (found := candidates(known, name) or stories.time_of(name))}
        if not there:
            return st.just(values)
        filled = st.fixed_dictionaries({name: st.sampled_from(found) for name, found in there.items()})
        return st.just(values) | filled.map(lambda ids: {**values, **ids})

    def met(_context: Any, headers: Any) -> Any:
        return st.just(headers) | st.just({**(headers or {}), **ANYTHING})

    for part in ("path_parameters", "query", "body"):
        schema.hook(f"flatmap_{part}")(real)
    schema.hook("flatmap_headers")(met)


def _sign_in_of(school: School, role: str, anew: bool) -> Any:
    class SignIn:
        def get(self, _case: Any, _context: Any) -> str:
            return school.credential(role, anew)

        def set(self, case: Any, data: str, _context: Any) -> None:
            case.headers["Authorization"] = data

    return SignIn


def _notice_the_end(school: School, role: str) -> Any:
    """Who approves an application of its own, say, needs a new token, or the rest of its round says nothing."""

    def after_call(_context: Any, _case: Any, response: Any) -> None:
        sent = response.request.headers.get("Authorization")
        is_void = response.status_code == 401 and b":problem:not-authenticated" in response.content
        if is_void and sent == school.caller(role).http.headers["Authorization"]:
            school.sign_in_again(role)

    return after_call
