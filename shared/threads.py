"""Work that waits (queries, hashes, files) runs in the event loop's threads, as many as there are connections."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from anyio.to_thread import current_default_thread_limiter

P = ParamSpec("P")
R = TypeVar("R")


def limit_threads(pool_size: int) -> None:
    """As many threads as connections: more could only wait for one. Called in the running event loop."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(pool_size, "request"))
    # The framework's own, for what it runs in threads itself.
    current_default_thread_limiter().total_tokens = pool_size


async def run_in_thread(work: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """What `work` returns, in the caller's context. When the caller is cancelled, the work is still waited for: what it
    uses, such as a session, is not taken from under it."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(None, lambda: context.run(work, *arguments, **named))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise
