"""`make check-production`: runs the platform in its production shape under Compose, breaks it, and says what held.

One line for each check. Exit code 0: all held; 1: one did not, with what it found. Nothing leaves the machine.
"""

import time

from rich.console import Console

from ops.check_production.checks import CHECKS, name_of
from ops.check_production.stage import Stage
from ops.engine import choose
from ops.failure import OpsError

console = Console(highlight=False, markup=False, soft_wrap=True)


def main() -> int:
    """Runs all checks in order; the first one that fails ends the run, as the next ones need what it did."""
    stage = Stage()
    begun = time.monotonic()
    doing = "preparation"
    try:
        choose("docker")
        stage.prepare()
        for check in CHECKS:
            doing, since = name_of(check), time.monotonic()
            check(stage)
            console.print(f"ok      {doing} ({time.monotonic() - since:.0f} s)")
    except OpsError as error:
        console.print(f"FAILED  {doing}\n{error}\n{stage.words_of_unhealthy()}")
        return 1
    finally:
        stage.remove()
    console.print(f"{len(CHECKS)} checks held in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
