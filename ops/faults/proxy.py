"""A TCP proxy that can be put between any two processes, and told to misbehave while connections are open."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum
from types import TracebackType

CHUNK = 64 * 1024
# SO_LINGER on, with no time to linger: close sends RST instead of FIN.
ABRUPT = struct.pack("ii", 1, 0)


class Mode(Enum):
    """What the proxy does with what passes.

    BLACKHOLE holds every byte back until it ends, as a network that comes back retransmits. DROP and DROP_REPLIES
    swallow bytes for good, so a connection that lost some is reset once they end. RESET refuses the new as well.
    """

    PASS = "pass"
    DELAY = "delay"
    DROP = "drop"
    DROP_REPLIES = "drop replies"
    BLACKHOLE = "blackhole"
    RESET = "reset"


class Proxy:
    """Listens on a free port of the loopback while the context is open; `port` is where to send the caller."""

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self.mode = Mode.PASS
        self.delay_seconds = 0.0
        self.port = 0
        self.accepted = 0
        self.swallowed_bytes = 0
        self._target = (target_host, target_port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._open: set[Connection] = set()
        self._accepting: set[asyncio.Task[object]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        self.become(Mode.PASS)
        self.cut()
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)

    def become(self, mode: Mode, delay_seconds: float = 0.0) -> None:
        """Misbehaves from now on in another way, on open connections too; PASS heals."""
        self.mode, self.delay_seconds = mode, delay_seconds
        for connection in [one for one in self._open if one.lost_bytes]:
            connection.reset()
        if mode is Mode.RESET:
            self.cut()
        if mode is Mode.BLACKHOLE:
            self._flowing.clear()
        else:
            self._flowing.set()

    def cut(self) -> None:
        """Resets every open connection; new ones go by the mode."""
        for connection in list(self._open):
            connection.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        caller, task = Side(reader, writer), asyncio.current_task()
        assert task is not None
        self._accepting.add(task)
        try:
            await self._serve(caller)
        finally:
            self._accepting.discard(task)
            writer.close()

    async def _serve(self, caller: "Side") -> None:
        if self.mode is Mode.RESET:
            caller.reset()
            return
        # A black hole answers the handshake, as a kernel does for a server that is frozen.
        await self._flowing.wait()
        try:
            target = Side(*await asyncio.open_connection(*self._target))
        except OSError:
            caller.reset()
            return
        connection = Connection(caller, target)
        self._open.add(connection)
        try:
            await connection.run(self._carry)
        finally:
            self._open.discard(connection)

    async def _carry(self, connection: "Connection", data: bytes, is_reply: bool, forward: "Side") -> None:
        if self.mode is Mode.DELAY:
            await asyncio.sleep(self.delay_seconds)
        await self._flowing.wait()
        if self.mode is Mode.DROP or (self.mode is Mode.DROP_REPLIES and is_reply):
            connection.lost_bytes += len(data)
            self.swallowed_bytes += len(data)
            return
        forward.writer.write(data)
        await forward.writer.drain()


class Side:
    """One end of a proxied connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def reset(self) -> None:
        """Ends it with RST."""
        sock = self.writer.get_extra_info("socket")
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)
        self.writer.transport.abort()

    def end(self) -> None:
        """Says that nothing more will come."""
        with suppress(OSError, RuntimeError):
            self.writer.write_eof()


Carry = Callable[["Connection", bytes, bool, Side], Awaitable[None]]


class Connection:
    """A caller and its target."""

    def __init__(self, caller: Side, target: Side) -> None:
        self.lost_bytes = 0
        self._caller = caller
        self._target = target

    async def run(self, carry: Carry) -> None:
        """Carries both ways until both ends are done or it is reset."""
        pumps = (
            self._pump(self._caller, self._target, False, carry),
            self._pump(self._target, self._caller, True, carry),
        )
        try:
            await asyncio.gather(*pumps)
        except (OSError, asyncio.IncompleteReadError):
            self.reset()
        finally:
            for side in (self._caller, self._target):
                side.writer.close()

    def reset(self) -> None:
        """Both ends see a broken connection."""
        self._caller.reset()
        self._target.reset()

    async def _pump(self, source: Side, sink: Side, is_reply: bool, carry: Carry) -> None:
        while data := await source.reader.read(CHUNK):
            await carry(self, data, is_reply, sink)
        sink.end()
