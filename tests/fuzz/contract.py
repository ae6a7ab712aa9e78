"""Requests made from the OpenAPI document, good and bad ones, and what the answers did not keep of it."""

import ipaddress
import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import UnsupportedMethodResponse

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
    *("sign_out_user", "update_user", "impersonate_user", "archive_course", "retry_erasure"),
)
ANYTHING = {"If-Match": "*"}
# 428 is the answer to a change without If-Match (RFC 6585), and says so better than 400.
ANSWERS = {"missing_required_header": {"enabled": True, "expected-statuses": [400, 401, 403, 404, 415, 422, 428]}}


NUMBERS = itertools.count()


@schemathesis.hook("before_call")
def come_from_elsewhere(_context: Any, case: Any, _options: Any) -> None:
    """Throttles are per network: from one address everything but the first guesses would be answered 429."""
    case.headers["X-Forwarded-For"] = str(ipaddress.ip_address(0x0A000000 + next(NUMBERS) * 256))


@dataclass
class Round:
    """One role's round: `requests` sent, answers by status, `defects` by a line that names them."""

    role: str
    requests: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    defects: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Effort:
    """How far: examples per operation, phases of schemathesis. With `seconds` a round goes on for so long, over and
    over; without, it ends when every operation had its examples."""

    seed: int
    examples: int
    phases: tuple[str, ...]
    seconds: int | None = None

    def part(self, share: float) -> "Effort":
        """The same for a share of the time."""
        return replace(self, seconds=self.seconds and int(self.seconds * share))


def play(
    school: School, document: Document, gateway: str, role: str, effort: Effort, tell: Callable[[], None]
) -> Round:
    """A round of everything, and one of what ends things; `tell` is called after each operation."""
    done = Round(role)
    began = time.monotonic()
    # What ends a sign-in is played by somebody who has just signed in, as long as they may.
    for operations, share, anew in ((all_but(document, (*LEFT_OUT, *ENDINGS)), 0.85, False), (ENDINGS, 0.15, True)):
        schema = _schema(document, gateway, role, effort.part(share)).include(operation_id=list(operations))
        _use_what_is_there(schema, school.known)
        if role != "anonymous":
            schema.auth(refresh_interval=None)(_sign_in_of(school, role, anew))
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _count(done, event, document)
                tell()
            elif isinstance(event, (events.NonFatalError, events.FatalError)):
                _note_error(done, event)
    done.seconds = time.monotonic() - began
    return done


def all_but(document: Document, left_out: tuple[str, ...]) -> tuple[str, ...]:
    """The operations of the document, without some."""
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    return tuple(name for name in ids if name not in left_out)


def _schema(document: Document, gateway: str, role: str, effort: Effort) -> Any:
    config: dict[str, Any] = {
        "base-url": gateway,
        "seed": effort.seed,
        "request-timeout": 20,
        "max-redirects": 0,
        "continue-on-failure": True,
        "generation": {
            "max-examples": effort.examples,
            "database": "none",
            "no-shrink": True,
            "with-security-parameters": False,
        },
        "phases": {"enabled": False, **{phase: {"enabled": True} for phase in effort.phases}},
        "warnings": False,
        # A busy machine is slow at making requests up.
        "suppress-health-check": ["all"],
        "checks": {"enabled": False, **{check: {"enabled": True} for check in CHECKS}, **ANSWERS},
    }
    if effort.seconds:
        config["max-time"] = effort.seconds
    if role == "anonymous":
        # It would sign up by itself.
        config["auth"] = {"auto-signup": False}
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(config))


def _use_what_is_there(schema: Any, known: dict[str, list[str]]) -> None:
    """Half of the ids that are asked for, filtered by or sent are of things that exist."""

    def real(_context: Any, values: Any) -> Any:
        if not isinstance(values, dict):
            return st.just(values)
        there = {name: found for name in values if (found := candidates(known, name))}
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


def _is_anothers(document: Document, failure: Any) -> bool:
    """True for the answer to DELETE /identities/confirm where there is DELETE /identities/{identity_id}."""
    if not isinstance(failure, UnsupportedMethodResponse):
        return False
    asked = (failure.operation or "").partition(" ")[2].split("/")
    return any(
        failure.method.lower() in methods and _fits(path.split("/"), asked)
        for path, methods in document["paths"].items()
    )


def _fits(path: list[str], asked: list[str]) -> bool:
    return len(path) == len(asked) and all(
        one == other or one.startswith("{") for one, other in zip(path, asked, strict=True)
    )


def _count(done: Round, event: Any, document: Document) -> None:
    recorder = event.recorder
    done.requests += len(recorder.interactions)
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            done.answers[interaction.response.status_code] += 1
    done.operations |= {node.value.operation.label for node in recorder.cases.values()}
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None and not _is_anothers(document, check.failure_info.failure):
                failure, answer = check.failure_info.failure, recorder.interactions[case_id].response
                line = f"{recorder.cases[case_id].value.operation.label}: {check.name}: {failure.title}"
                told = f"{answer.status_code} {answer.content[:500]!r}" if answer else "no answer"
                done.defects.setdefault(line, f"{failure.message}\n{check.failure_info.code_sample}\n{told}")


def _note_error(done: Round, event: Any) -> None:
    error = getattr(event, "value", None) or event.exception
    done.defects.setdefault(f"{getattr(event, 'label', 'engine')}: {type(error).__name__}", str(error))
