"""A well-behaved client: repeats what failed on our side with the same key, and remembers every failure it saw."""

import asyncio
import random
import time
from collections import Counter
from typing import Any

import httpx

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
PATIENCE_SECONDS = 120.0
ANSWER_SECONDS = 35.0


class GaveUp(Exception):
    """The platform did not do it within two minutes of asking again and again, or refused it."""


class Client:
    """Calls the gateway. `errors` counts, by status or kind of broken connection, what a person would have seen;
    `latencies` are the seconds of the answered calls. `refused_tokens`: good tokens that were answered 401."""

    def __init__(self, gateway: str) -> None:
        self.errors: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.refused_tokens = 0
        self._http = httpx.AsyncClient(
            base_url=gateway, timeout=ANSWER_SECONDS, limits=httpx.Limits(max_connections=200), trust_env=False
        )

    async def close(self) -> None:
        """Hangs up."""
        await self._http.aclose()

    async def once(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        """One try: the answer, None when there was none. Failures on our side are counted."""
        began = time.perf_counter()
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            self.errors[f"{type(error).__name__} {method} {_place(path)}"] += 1
            return None
        self.latencies.append(time.perf_counter() - began)
        if answer.is_server_error:
            self.errors[f"{answer.status_code} {_problem(answer)} {method} {_place(path)}"] += 1
        return answer

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The first answer that is not a failure on our side or a request to slow down. Raises GaveUp."""
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, FIRST_PAUSE
        while True:
            answer = await self.once(method, path, **options)
            if (
                answer is not None
                and not answer.is_server_error
                and answer.status_code != httpx.codes.TOO_MANY_REQUESTS
            ):
                return answer
            if time.monotonic() > deadline:
                raise GaveUp(f"{method} {path}: {answer.status_code if answer else 'no answer'}")
            # Its own dice: how long it waits depends on what happens, so it must not use up the scenario's.
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def done(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of the answer once it is 2xx, None when it is none. Raises GaveUp for any other final answer."""
        return content(await self.call(method, path, **options))

    def count_server_errors(self) -> int:
        """How many answers were 5xx."""
        return sum(count for words, count in self.errors.items() if words[0] == "5")


def content(answer: httpx.Response) -> Any:
    """The JSON of a 2xx answer, None when it is none. Raises GaveUp for any other answer."""
    if not answer.is_success:
        raise GaveUp(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer.json() if "json" in answer.headers.get("content-type", "") else None


def _problem(answer: httpx.Response) -> str:
    """The last part of the problem's type: `overloaded`, `unavailable`."""
    try:
        return str(answer.json()["type"]).rpartition("/")[2]
    except (ValueError, KeyError, TypeError):
        return "without a problem"


def _place(path: str) -> str:
    """The path without ids, so that equal failures count together."""
    parts = path.partition("?")[0].split("/")
    return "/".join("*" if len(part) >= 20 else part for part in parts)
