"""The platform that a command works on."""

from typing import Annotated

import typer

from ops.compose import Compose, is_production
from ops.engine import choose
from ops.native.platform import Platform
from ops.native.progress import Progress

EngineOption = Annotated[str, typer.Option("--engine", help="docker or native; by default docker when it answers.")]


def platform(engine: str) -> Platform | Compose:
    """The platform under the engine asked for. Raises OpsError."""
    progress = Progress()
    # A production platform's commands never turn to a native one because the Docker engine is away.
    wanted = engine or ("docker" if is_production() else "")
    return Compose(progress) if choose(wanted) == "docker" else Platform(progress=progress)


def demo_platform(engine: str) -> Platform | Compose:
    """One that has simulators of payments and mail. Raises OpsError."""
    chosen = platform(engine)
    if isinstance(chosen, Compose):
        chosen.require_simulators()
    return chosen
