"""The platform under test: native processes on free ports, supervised, with hands to break each of them."""

import asyncio
import json
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ops.faults.broker import Broker
from ops.faults.client import Client
from ops.faults.database import Books
from ops.faults.far_end import Stripe
from ops.faults.mailbox import Mailbox
from ops.faults.places import APIS, MAIL_PATIENCE, OPEN_ACCOUNTS, OPEN_DOOR, PATIENCE, SIMULATOR_PATIENCE, WORKERS, road
from ops.faults.proxy import Proxy
from ops.faults.supervision import Supervision
from ops.native import identity
from ops.native.platform import Platform


class Lab:
    """One platform in `directory`, made anew by `open`; what a drill reads and turns hangs off it."""

    def __init__(self, directory: Path) -> None:
        self.overrides: dict[str, dict[str, str]] = {
            **{name: dict(PATIENCE | OPEN_ACCOUNTS) for name in (*APIS, *WORKERS)},
            "gateway": dict(OPEN_DOOR),
            "stripe-simulator": dict(SIMULATOR_PATIENCE),
        }
        self.directory = directory
        self.platform = Platform(directory, overrides=self.overrides)
        self.supervision = Supervision(self.platform)
        self.mailbox = Mailbox()
        self.state: dict[str, Any] = {}
        self.ports: dict[str, int] = {}
        # How often each service was asked to handle parked events again: each is to be on record.
        self.replays: Counter[str] = Counter()

    async def open(self) -> None:
        """Starts everything on empty data and watches it. Raises OpsError."""
        await self.mailbox.start()
        told = {**MAIL_PATIENCE, "SMTP_PORT": str(self.mailbox.port)}
        self.overrides["notifications-worker"].update(told)
        await asyncio.to_thread(self.platform.remove)
        self.state = await asyncio.to_thread(self.platform.up)
        self.ports = dict(json.loads((self.directory / "ports.json").read_text()))
        self.books = Books(self.state["database"])
        self.stripe = Stripe(self.state["stripe"])
        self.broker = Broker(self.state["broker"])
        self.client = Client(self.state["gateway"])
        self.supervision.begin()

    async def close(self, keep: bool) -> None:
        """Stops everything; `keep` leaves data and logs to look at."""
        await self.supervision.end()
        if self.state:
            await self.client.close()
            await self.stripe.close()
            await self.broker.close()
        await asyncio.to_thread(self.platform.down if keep else self.platform.remove)
        self.mailbox.stop()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends a signal to a process (and its children when they cannot be told otherwise). Raises OpsError."""
        await asyncio.to_thread(self.platform.kill, name, number)

    async def restart(self, name: str) -> float:
        """Stops a process in the orderly way and starts it as it is to be now; seconds that it took to end."""
        async with self.supervision.holding(name):
            began = asyncio.get_running_loop().time()
            await asyncio.to_thread(self.platform.stop, name)
            ended = asyncio.get_running_loop().time() - began
            await asyncio.to_thread(self.platform.start, name)
        return ended

    @asynccontextmanager
    async def without(self, name: str, number: signal.Signals = signal.SIGKILL) -> AsyncIterator[None]:
        """While the context is open the process is dead, and nobody starts it again."""
        async with self.supervision.holding(name):
            await self.kill(name, number)
            try:
                yield
            finally:
                await asyncio.to_thread(self.platform.start, name)

    @asynccontextmanager
    async def frozen(self, name: str) -> AsyncIterator[None]:
        """While the context is open the process stands still: its connections stay, its answers do not come."""
        await self.kill(name, signal.SIGSTOP)
        try:
            yield
        finally:
            await self.kill(name, signal.SIGCONT)

    @asynccontextmanager
    async def told(self, name: str, **variables: str) -> AsyncIterator[None]:
        """While the context is open the process runs with these variables; it is restarted at both ends."""
        before = dict(self.overrides.get(name, {}))
        self.overrides[name] = before | variables
        await self.restart(name)
        try:
            yield
        finally:
            self.overrides[name] = before
            await self.restart(name)

    @asynccontextmanager
    async def between(self, caller: str, target: str) -> AsyncIterator[Proxy]:
        """While the context is open a proxy stands between the two; the caller is restarted at both ends."""
        way = road(caller, target)
        async with Proxy(self.ports[target]) as proxy:
            async with self.told(caller, **{way.variable: way.form.format(port=proxy.port)}):
                yield proxy
            proxy.cut()

    def resident_megabytes(self, name: str) -> float:
        """Memory of a process and its children now."""
        pid = self.platform.pids()[name]
        pids = [pid, *identity.descendants(pid)]
        return sum(map(_resident_kilobytes, pids)) / 1024

    def failpoint_lines(self, name: str) -> dict[str, int]:
        """How often each failpoint has struck in a process, by its log over all its lives."""
        struck: dict[str, int] = {}
        log = self.platform.log(name)
        for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
            if line.startswith("failpoint "):
                point = line.removeprefix("failpoint ").partition(":")[0]
                struck[point] = struck.get(point, 0) + 1
        return struck


def _resident_kilobytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
