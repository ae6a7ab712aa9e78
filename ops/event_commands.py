"""The commands about events: `make dead`, `make replay`, `make republish`."""

from typing import Annotated

import typer
from rich.console import Console

from ops import events
from ops.platforms import EngineOption, platform

console = Console(highlight=False)
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def dead(engine: EngineOption = "", since: str = events.DAY, as_json: JsonOption = False) -> None:
    """Shows events that are parked, retried, unpublished, rejected or never received, why and since when."""
    failed = events.Events(platform(engine).ask).failed(since or events.DAY)
    if as_json:
        console.print_json(data=failed)
    else:
        events.show(failed, console)


def replay(event: str = "", kind: str = "", since: str = "", engine: EngineOption = "") -> None:
    """Handles parked events again."""
    _show_counts(events.Events(platform(engine).ask).replay(event, kind, since))


def republish(event: str = "", since: str = "", engine: EngineOption = "") -> None:
    """Publishes again what was published and never received, such as after the broker's volume was lost."""
    _show_counts(events.Events(platform(engine).ask).republish(event, since))


def _show_counts(counts: dict[str, int]) -> None:
    for service, count in counts.items():
        console.print(f"  {service:<14} {count}")
    console.print(f"  {'together':<14} {sum(counts.values())}")
