"""The proxy between two processes: each way to misbehave, on a real connection to an echo server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from ops.faults.proxy import Mode, Proxy

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SHORT = 0.1
# All that a drill has opened, closed at its end.
clients: list[Client] = []


@asynccontextmanager
async def echo_behind_proxy() -> AsyncIterator[tuple[Proxy, list[bytes]]]:
    """The proxy, and what the server heard."""
    heard: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                heard.append(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Proxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy, heard
        while clients:
            clients.pop()[1].close()


async def connect(proxy: Proxy) -> Client:
    client = await asyncio.open_connection("127.0.0.1", proxy.port)
    clients.append(client)
    return client


async def ask(client: Client, question: bytes) -> bytes:
    reader, writer = client
    writer.write(question)
    return await reader.read(1000)


async def hears_nothing(answer: Awaitable[bytes]) -> bool:
    try:
        async with asyncio.timeout(SHORT):
            await answer
    except TimeoutError:
        return True
    return False


def drill(act: Callable[[Proxy, list[bytes]], Awaitable[None]]) -> None:
    async def run() -> None:
        async with echo_behind_proxy() as (proxy, heard):
            await act(proxy, heard)

    asyncio.run(run())


def test_a_healthy_proxy_carries_both_ways() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        client = await connect(proxy)
        assert await ask(client, b"hello") == b"hello"

    drill(act)


def test_delay_holds_each_way_up_for_so_long() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        client = await connect(proxy)
        proxy.become(Mode.DELAY, SHORT)
        began = time.monotonic()
        assert await ask(client, b"slow") == b"slow"
        assert time.monotonic() - began >= 2 * SHORT

    drill(act)


def test_blackhole_holds_everything_back_until_it_ends() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        client = await connect(proxy)
        await ask(client, b"before")
        proxy.become(Mode.BLACKHOLE)
        client[1].write(b"during")
        assert await hears_nothing(client[0].read(1000))
        assert heard == [b"before"]
        proxy.become(Mode.PASS)
        assert await client[0].read(1000) == b"during"

    drill(act)


def test_blackhole_accepts_new_connections_and_says_nothing() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        proxy.become(Mode.BLACKHOLE)
        client = await connect(proxy)
        assert await hears_nothing(ask(client, b"anybody?"))

    drill(act)


def test_reset_breaks_open_connections_and_new_ones() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        client = await connect(proxy)
        await ask(client, b"before")
        proxy.become(Mode.RESET)
        with pytest.raises(ConnectionError):
            await client[0].read(1000)
        with pytest.raises(ConnectionError):
            await ask(await connect(proxy), b"again")

    drill(act)


def test_dropped_replies_reach_the_server_only() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        client = await connect(proxy)
        await ask(client, b"before")
        proxy.become(Mode.DROP_REPLIES)
        assert await hears_nothing(ask(client, b"heard"))
        assert heard == [b"before", b"heard"]
        assert proxy.swallowed_bytes == len(b"heard")

    drill(act)


def test_dropped_bytes_reach_nobody() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        client = await connect(proxy)
        await ask(client, b"before")
        proxy.become(Mode.DROP)
        assert await hears_nothing(ask(client, b"lost"))
        assert heard == [b"before"]

    drill(act)


def test_a_connection_that_lost_bytes_is_reset_when_the_network_heals() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        torn, whole = await connect(proxy), await connect(proxy)
        await ask(torn, b"1")
        await ask(whole, b"2")
        proxy.become(Mode.DROP_REPLIES)
        assert await hears_nothing(ask(torn, b"3"))
        proxy.become(Mode.PASS)
        with pytest.raises(ConnectionError):
            await torn[0].read(1000)
        assert await ask(whole, b"4") == b"4"

    drill(act)


def test_a_target_that_is_not_there_is_a_broken_connection() -> None:
    async def act(proxy: Proxy, heard: list[bytes]) -> None:
        async with Proxy(1) as nowhere:
            with pytest.raises(ConnectionError):
                await ask(await connect(nowhere), b"hello?")

    drill(act)
