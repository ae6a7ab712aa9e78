"""The command line: `python -m ops --help`."""

import importlib
import subprocess
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ops import event_commands
from ops.compose import Compose, make_secrets
from ops.failure import OpsError
from ops.native.platform import Platform
from ops.native.progress import Progress
from ops.native.servers import Servers
from ops.places import VAR
from ops.platforms import EngineOption, demo_platform, platform

app = typer.Typer(help="Runs the platform.", no_args_is_help=True, add_completion=False)
console = Console(highlight=False)

CHECK_LEDGER = "services.billing.check_ledger"
# The services that keep an audit log.
AUDITED = ("identity", "billing")
NameArgument = Annotated[str, typer.Argument(help="One process, such as catalog-api; all when left out.")]
HeadArgument = Annotated[str, typer.Argument(help="One noted earlier, such as billing:6f1c...: is it still there?")]
FollowOption = Annotated[bool, typer.Option("-f")]

for command in (event_commands.dead, event_commands.replay, event_commands.republish):
    app.command()(command)


@app.command()
def up(engine: EngineOption = "") -> None:
    """Starts everything and waits until it is ready."""
    show(platform(engine).up())


@app.command()
def secrets() -> None:
    """Makes the secret files that Docker Compose mounts, and moves those that stand in .env."""
    make_secrets(Progress())


@app.command()
def down(engine: EngineOption = "", data: Annotated[bool, typer.Option(help="Delete all data too.")] = False) -> None:
    """Stops everything."""
    running = platform(engine)
    if data:
        running.remove()
    else:
        running.down()


@app.command()
def status(engine: EngineOption = "") -> None:
    """Shows what runs and is ready; exit code 1 unless all of it is."""
    found = platform(engine)
    readiness = found.readiness()
    if not readiness:
        console.print("Nothing was started yet: make up")
        raise typer.Exit(1)
    running = found.running()
    table = Table("process", "state", "pid or container", box=None)
    for name, ready in readiness.items():
        words = "[green]ready[/]" if ready else "[yellow]not ready[/]" if name in running else "[red]not running[/]"
        table.add_row(name, words, running.get(name, ""))
    console.print(table)
    show(found.state)
    raise typer.Exit(0 if all(readiness.values()) else 1)


@app.command()
def logs(name: NameArgument = "", engine: EngineOption = "", lines: int = 50, follow: FollowOption = False) -> None:
    """Shows the last lines of the logs."""
    running = platform(engine)
    if isinstance(running, Compose):
        running.logs(name, lines, follow)
        return
    files = [running.log(name)] if name else sorted(running.log("x").parent.glob("*.log"))
    if not all(file.exists() for file in files) or not files:
        raise OpsError(f"No log of {name or 'any process'}.", "make status lists the processes")
    subprocess.run(["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, files)], check=False)


@app.command()
def demo(engine: EngineOption = "") -> None:
    """Starts everything and walks a learner from sign-up to the certificate."""
    running = demo_platform(engine)
    state = running.up()
    show(state)
    walk = importlib.import_module("ops.demo")
    raise typer.Exit(walk.run(state) or running.run("billing", CHECK_LEDGER))


@app.command()
def audit(head: HeadArgument = "", engine: EngineOption = "") -> None:
    """Proves that nobody changed the audit logs; exit code 1 and the findings when somebody did."""
    whose, _, hash_ = head.partition(":")
    if head and whose not in AUDITED:
        raise OpsError(f"{head} is not a head of one of the logs.", f"<{' or '.join(AUDITED)}>:<hash>")
    running = platform(engine)
    noted = {whose: (hash_,)} if head else {}
    codes = [running.run(name, "shared.verify_audit", name, *noted.get(name, ())) for name in AUDITED]
    raise typer.Exit(max(codes))


@app.command()
def erase_again(users: list[str] = typer.Argument(()), engine: EngineOption = "") -> None:  # noqa: B008
    """After a restore: erases again who was erased, and USERS, whose erasure is younger than the backup."""
    raise typer.Exit(platform(engine).run("identity", "services.identity.erase_again", *users))


@app.command()
def ledger(engine: EngineOption = "") -> None:
    """Proves that the books balance; exit code 1 and the faults when they do not."""
    raise typer.Exit(platform(engine).run("billing", CHECK_LEDGER))


@app.command()
def faults(
    scenarios: Annotated[list[str] | None, typer.Argument(help="Such as F1 F7; all when left out.")] = None,
    full: Annotated[bool, typer.Option("--full", help="The long set: hours instead of minutes.")] = False,
    seed: Annotated[int | None, typer.Option(help="Repeats the choices of an earlier run.")] = None,
) -> None:
    """Breaks a platform of its own on purpose and proves that nothing was lost or done twice."""
    drills = importlib.import_module("ops.faults.run")
    held = drills.run(drills.plan(scenarios or [], full, seed), console)
    raise typer.Exit(0 if held else 1)


@app.command()
def openapi(check: bool = False, release: bool = False) -> None:
    """Writes the platform's OpenAPI document; or checks it against the code and the released one; or releases it."""
    contract = importlib.import_module("ops.openapi.contract")
    (contract.check if check else contract.release if release else contract.write)()


@app.command()
def sdk() -> None:
    """Generates the TypeScript and Python clients from the OpenAPI document into var/sdk."""
    building = importlib.import_module("ops.sdk.building")
    for build in (building.build_python, building.build_typescript):
        console.print(f"  {build(VAR / 'sdk')}")


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Such as public signed-in; all when left out.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Shows only that everything works.")] = False,
) -> None:
    """Measures on a platform of its own, as ratios to references of the same run; results go to docs/bench/."""
    raise typer.Exit(importlib.import_module("ops.bench.run").run(names or [], quick, console))


@app.command()
def clean() -> None:
    """Stops every native platform and test server of this repository and deletes their data."""
    for state in [*VAR.glob("*/platform.json"), *VAR.glob("faults/*/platform.json")]:
        Platform(state.parent, progress=Progress()).remove()
    for owner in VAR.glob("test/*/owner"):
        Servers(owner.parent, Progress()).down()


def show(state: dict[str, Any]) -> None:
    """Prints where a person finds what."""
    admin = state["admin"]
    console.print(f"\n  platform   {state['gateway']}")
    console.print(f"  mail       {state['mail'] or 'by SMTP_HOST'}\n  stripe     {state['stripe'] or 'Stripe itself'}")
    console.print(f"  openid     {state.get('openid') or 'others, by SIGN_IN_PROVIDERS'}")
    console.print(f"  admin      {admin['email']}, password in {admin['password_file']}\n", markup=False)


def main() -> None:
    """Runs a command; what a person can mend is said in words, without a traceback."""
    try:
        app()
    except OpsError as error:
        Console(stderr=True, highlight=False).print(f"\n{error}\n", style="red", markup=False)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
