"""A migration that is killed right before its commit, on a database of its own."""

import asyncio
from dataclasses import replace

from ops.failure import OpsError
from ops.faults.lab import Lab
from ops.native.instance import Instance
from ops.native.program import Job
from ops.native.supervisor import Supervisor
from ops.native.table import Table

SERVICE = "live"
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = %s"


async def die_while_migrating(lab: Lab, number: int) -> bool:
    """True when the killed migration left nothing behind and the next one came to its end."""
    name = f"drill_{number}"
    await lab.books.rows(f"CREATE DATABASE {name}")
    await _run(lab, "provision-database", name)
    try:
        await _run(lab, f"migrate-{SERVICE}", name, FAILPOINTS="migration-before-commit:kill")
        died = False
    except OpsError:
        died = True
    scratch = lab.books.of(name)
    clean = await scratch.number(TABLES, [SERVICE]) == 0
    await _run(lab, f"migrate-{SERVICE}", name)
    complete = await scratch.number(TABLES, [SERVICE]) > 0
    return died and clean and complete


async def _run(lab: Lab, job: str, database: str, **variables: str) -> None:
    """One job of the platform on another database. Raises OpsError when it fails."""
    table = Table(Instance(lab.directory), overrides=lab.overrides)
    described = next(unit.runs for unit in table.units() if unit.name == job)
    assert isinstance(described, Job)
    told = dict(described.env) | {"DATABASE_NAME": database} | variables
    await asyncio.to_thread(Supervisor(lab.directory).run_once, replace(described, env=told))
