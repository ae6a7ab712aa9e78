"""What came of asking as somebody: how much was asked, what was answered, what was not as the document says."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from schemathesis.openapi.checks import EnsureResourceAvailability, UnsupportedMethodResponse

Document = dict[str, Any]


@dataclass
class Round:
    """One role's round: `requests` sent, answers by status, `defects` by a line that names them; `led_to` are the
    methods of requests that a link of the document led to, with success."""

    role: str
    requests: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    led_to: Counter[str] = field(default_factory=Counter)
    defects: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def note_scenario(self, event: Any, document: Document) -> None:
        """Counts what was asked and keeps what failed."""
        recorder = event.recorder
        self.requests += len(recorder.interactions)
        answers = {id: one.response for id, one in recorder.interactions.items() if one.response is not None}
        self.answers.update(answer.status_code for answer in answers.values())
        self.operations |= {node.value.operation.label for node in recorder.cases.values()}
        for id, node in recorder.cases.items():
            if node.transition and not node.transition.is_inferred and id in answers and answers[id].status_code < 300:
                self.led_to[node.value.method] += 1
        for id, checks in recorder.checks.items():
            before = answers.get(recorder.cases[id].parent_id)
            for check in checks:
                if check.failure_info is not None and not _is_none(document, check.failure_info.failure, before):
                    failure, answer = check.failure_info.failure, answers.get(id)
                    line = f"{recorder.cases[id].value.operation.label}: {check.name}: {failure.title}"
                    told = f"{answer.status_code} {answer.content[:500]!r}" if answer else "no answer"
                    self.defects.setdefault(line, f"{failure.message}\n{check.failure_info.code_sample}\n{told}")

    def note_lock_out(self) -> None:
        """After a long round: a role that ended its own sign-in says little, so the fuzz must learn what ends it."""
        if self.role != "anonymous" and self.answers[401] > self.requests / 2:
            self.defects["the role was locked out"] = f"{self.answers[401]} of {self.requests} answers were 401"

    def note_error(self, event: Any) -> None:
        """Keeps what the fuzz itself stumbled over."""
        error = getattr(event, "value", None) or event.exception
        self.defects.setdefault(f"{getattr(event, 'label', 'engine')}: {type(error).__name__}", str(error))


def _is_none(document: Document, failure: Any, before: Any) -> bool:
    """True for what is no defect of ours; `before` is the answer that led to it, if one did."""
    if isinstance(failure, UnsupportedMethodResponse):
        # The answer to DELETE /identities/confirm where there is DELETE /identities/{identity_id}.
        asked = (failure.operation or "").partition(" ")[2].split("/")
        return any(
            failure.method.lower() in methods and _fits(path.split("/"), asked)
            for path, methods in document["paths"].items()
        )
    if isinstance(failure, EnsureResourceAvailability):
        # Told once more under the same Idempotency-Key, and deleted in between; or it has nothing below it yet: no
        # progress of who has not enrolled.
        return "idempotency-replayed" in before.headers or not failure.not_available_with.endswith("}")
    return False


def _fits(path: list[str], asked: list[str]) -> bool:
    return len(path) == len(asked) and all(
        one == other or one.startswith("{") for one, other in zip(path, asked, strict=True)
    )
