"""Routes that are asked very often: `def my_courses(session: ReadDep, actor: Learner, page: PageDep) -> HotAnswer`.

Their arguments are put together here, and their session is opened, used and ended in one thread: the framework's walk
over the tree of dependencies took as long as the query, and its changes of thread as long again. A request that is out
of the ordinary (a query, an Idempotency-Key, an id that is none) is left to the framework, which has the answers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_type_hints
from uuid import UUID

import orjson
from fastapi import Request
from fastapi.dependencies.models import Dependant
from starlette.responses import Response

from shared.auth import Access, Public
from shared.database import Database, get_read_session, get_session
from shared.idempotency import claim_key
from shared.pagination import PageRequest, read_page
from shared.threads import run_in_thread

OPENERS = {get_session: Database.begin, get_read_session: Database.read}
UUID_LENGTH = 36

Endpoint = Callable[..., Any]


class HotAnswer(dict[str, Any]):
    """What such a route returns: sent as it is. Validating it by the response model would cost as much as its query, so
    its members must be the model's already; tests hold each of them to it."""

    def encode(self) -> Response:
        """As it is sent."""
        return Response(orjson.dumps(self, option=orjson.OPT_UTC_Z), media_type="application/json")


@dataclass
class Plan:
    """What a hot route asks for, and under which names: its session, the caller, ids and words of its path, and what
    its other parameters are when a request says nothing of them."""

    session: str = ""
    open: Callable[[Database], Any] = Database.read
    access: Any = None
    caller: str | None = None
    ids: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    unsaid: dict[str, Any] = field(default_factory=dict)

    async def answer(self, endpoint: Endpoint, request: Request) -> tuple[HotAnswer, Response] | None:
        """The endpoint's answer, when its transaction is committed; None for the framework to see to the request.
        Raises what the access and the endpoint raise."""
        arguments = self._arguments(request)
        if arguments is None:
            return None
        if self.access:
            caller = await self.access(request)
            if self.caller:
                arguments[self.caller] = caller

        def work() -> tuple[HotAnswer, Response]:
            with self.open(request.app.state.database) as arguments[self.session]:
                answer = endpoint(**arguments)
                return answer, answer.encode()

        return await run_in_thread(work)

    def _arguments(self, request: Request) -> dict[str, Any] | None:
        if request.scope["query_string"] or "idempotency-key" in request.headers:
            return None
        path = request.path_params
        try:
            ids = {name: UUID(path[name]) for name in self.ids if len(path[name]) == UUID_LENGTH}
        except ValueError:
            return None
        return (
            {**self.unsaid, **{name: path[name] for name in self.words}, **ids} if len(ids) == len(self.ids) else None
        )


def plan_of(endpoint: Endpoint, dependant: Dependant) -> Plan | None:
    """The plan of a route that is declared to return a HotAnswer, None for any other. Raises TypeError when it asks for
    what only the framework knows to find."""
    if get_type_hints(endpoint).get("return") is not HotAnswer:
        return None
    plan = Plan()
    for dependency in dependant.dependencies:
        _add_dependency(plan, dependency.call, dependency.name)
    for parameter in dependant.path_params:
        named = plan.ids if parameter.field_info.annotation is UUID else plan.words
        named.append(parameter.name)
    plan.unsaid |= {parameter.name: parameter.field_info.default for parameter in dependant.query_params}
    if not plan.session or dependant.body_params or dependant.header_params or dependant.cookie_params:
        raise TypeError(
            f"{endpoint.__name__} cannot be a hot route: it has no session, or reads more than path and query"
        )
    return plan


def _add_dependency(plan: Plan, call: Any, name: str | None) -> None:
    if call in OPENERS and name:
        plan.session, plan.open = name, OPENERS[call]
    elif isinstance(call, Access):
        plan.access, plan.caller = None if isinstance(call, Public) else call, name
    elif call is read_page and name:
        plan.unsaid[name] = PageRequest()
    elif call is not claim_key:
        raise TypeError(f"a hot route cannot depend on {call}")
