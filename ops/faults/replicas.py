"""A second process of each api behind the gateway, as two containers of one service would be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ops.faults.lab import Lab
from ops.faults.places import APIS
from ops.native.instance import Instance
from ops.native.ports import any_free
from ops.native.probes import http_ok
from ops.native.program import Program
from ops.native.supervisor import Supervisor
from ops.native.table import Table


class Replicas:
    """`stop` and `start` for both replicas of each api; `NAME-2` is the second."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._supervisor = Supervisor(lab.directory)
        units = Table(Instance(lab.directory), overrides=lab.overrides).units()
        firsts = {unit.name: unit.runs for unit in units if unit.name in APIS and isinstance(unit.runs, Program)}
        self.ports: dict[str, int] = {}
        for name in firsts:
            self.ports[name] = any_free({*lab.ports.values(), *self.ports.values()})
        self._programs = {f"{name}-2": _second(program, self.ports[name]) for name, program in firsts.items()}

    async def stop(self, name: str) -> None:
        """Asks one process to end and waits for it."""
        await asyncio.to_thread(self._supervisor.stop, name)

    async def start(self, name: str) -> None:
        """Starts one process and waits until it is ready. Raises OpsError."""
        if name in self._programs:
            await asyncio.to_thread(self._supervisor.start, self._programs[name])
        else:
            await asyncio.to_thread(self._lab.platform.start, name)

    @property
    def names(self) -> list[str]:
        """The second replicas."""
        return list(self._programs)


@asynccontextmanager
async def two_of_each_api(lab: Lab) -> AsyncIterator[Replicas]:
    """While the context is open each api runs twice and the gateway knows both."""
    replicas = Replicas(lab)
    try:
        await asyncio.gather(*map(replicas.start, replicas.names))
        both = {
            f"{name.removesuffix('-api').upper()}_UPSTREAM": _servers(lab.ports[name], second)
            for name, second in replicas.ports.items()
        }
        async with lab.told("gateway", **both):
            yield replicas
    finally:
        await asyncio.gather(*map(replicas.stop, replicas.names))


def _servers(*ports: int) -> str:
    """For `server ${X_UPSTREAM};` in the template. With max_fails=0 a replica that is back is used at once."""
    return "; server ".join(f"127.0.0.1:{port} max_fails=0" for port in ports)


def _second(first: Program, port: int) -> Program:
    place = first.argv.index("--port") + 1
    argv = (*first.argv[:place], str(port), *first.argv[place + 1 :])
    return replace(first, name=f"{first.name}-2", argv=argv, ready=http_ok(f"http://127.0.0.1:{port}/readyz"))
