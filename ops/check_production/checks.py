"""The checks, in the order in which they run. Each raises OpsError with what it found."""

import json
from collections.abc import Callable

from ops.check_production.evidence import (
    access,
    by_service,
    dead_events,
    expect,
    publish_an_event,
    published,
    rotation,
    secrets_in,
    wait_until,
    write_trial_migration,
)  # fmt: skip
from ops.check_production.stage import STAYS_UP, Stage, run
from ops.places import SERVICES
from ops.secret_files import SIGNING_KEY

SIMULATORS = {"stripe-simulator", "openid-simulator", "maildev"}
CLEAN, CRASHED = "database system was shut down at", "was not properly shut down"


def missing_secret_is_refused_before_anything_starts(stage: Stage) -> None:
    """`make up` names the file."""
    path = stage.secrets / "internal_token"
    value = path.read_text()
    path.unlink()
    answer = stage.ops("up", "--engine", "docker", check=False)
    path.write_text(value)
    expect(answer.returncode, "make up started")
    expect("internal_token" in answer.stderr, answer.stderr)
    expect(not stage.containers(), "containers were made")


def missing_variables_are_listed_before_anything_starts(stage: Stage) -> None:
    """`make up` names all of them; Compose alone names one."""
    variables = stage.variables()
    required = {"PUBLIC_URL", "ADMIN_EMAIL", "SMTP_HOST", "MAIL_FROM"}
    stage.write_variables({name: value for name, value in variables.items() if name not in required})
    alone = stage.compose("config", "--quiet", check=False)
    answer = stage.ops("up", "--engine", "docker", check=False)
    stage.write_variables(variables)
    expect(alone.returncode, "accepted")
    expect(any(name in alone.stderr for name in required), alone.stderr)
    expect(answer.returncode, "make up started")
    expect(all(f"set {name} in .env" in answer.stderr for name in required), answer.stderr)
    expect(not stage.containers(), "containers were made")


def demo_is_refused(stage: Stage) -> None:
    """`make demo` would need the simulators."""
    answer = stage.ops("demo", "--engine", "docker", check=False)
    expect(answer.returncode, "make demo started")
    expect("make demo needs the simulators" in answer.stderr, answer.stderr)
    expect(not stage.containers(), "containers were made")


def images_are_built(stage: Stage) -> None:
    """Once; all that follows uses them, but for the trial of a newer release."""
    stage.compose("build")


def weak_secrets_are_refused_without_showing_others(stage: Stage) -> None:
    """The first job of a plain `up` ends, and names the variable. No service is started."""
    path = stage.secrets / "internal_token"
    value = path.read_text()
    for weak in ("changeme", ""):
        path.write_text(weak)
        answer = stage.compose("up", "--detach", "--wait", check=False)
        said = stage.log("live-check-settings")
        running = set(stage.compose("ps", "--services", "--status", "running").stdout.split())
        stage.compose("down")
        path.write_text(value)
        expect(answer.returncode, f"started with {weak!r}")
        expect("INTERNAL_TOKEN" in said, said)
        expect(not secrets_in(stage, said), "another secret is shown")
        expect(running <= {"postgres", "rabbitmq"}, f"running: {running}")


def everything_becomes_healthy(stage: Stage) -> None:
    """By a plain `up`; every job ends well."""
    stage.up()
    jobs = {name: found["State"]["ExitCode"] for name, found in by_service(stage).items() if name not in STAYS_UP}
    expect(set(jobs.values()) == {0}, f"exit codes: {jobs}")


def docker_inspect_shows_no_secret(stage: Stage) -> None:
    """Secrets are files of the containers that need them."""
    shown = secrets_in(stage, json.dumps(stage.containers()))
    expect(not shown, f"shown: {', '.join(shown)}")


def make_up_adds_no_simulator(stage: Stage) -> None:
    """To a production platform that runs."""
    stage.ops("up", "--engine", "docker")
    containers = by_service(stage)
    expect(not SIMULATORS & containers.keys(), f"containers: {sorted(containers)}")
    settings = json.dumps([container["Config"]["Env"] for container in containers.values()])
    expect("simulator" not in settings, "a simulator is set")
    expect("maildev" not in settings, "maildev is set")


def databases_stop_cleanly(stage: Stage) -> None:
    """Within the grace period, with nothing to recover afterwards."""
    stage.compose("stop", "postgres", "rabbitmq")
    for name in ("postgres", "rabbitmq"):
        state = by_service(stage)[name]["State"]
        expect(state["ExitCode"] == 0, f"{name}: exit code {state['ExitCode']}")
    stage.compose("start", "postgres", "rabbitmq")
    stage.wait_until_healthy()
    log = stage.log("postgres")
    expect(CLEAN in log.rsplit("starting PostgreSQL", 1)[-1], "no clean shutdown in the log of Postgres")
    expect(CRASHED not in log, "Postgres had to recover")
    expect("Operation not permitted" not in log + stage.log("rabbitmq"), "init could not forward the stop signal")


def signing_key_is_rotated_with_a_restart(stage: Stage) -> None:
    """By the command of docs/operations.md; the file stays readable for identity."""
    before = access(stage.secrets / SIGNING_KEY)
    first = published(stage)
    for step, count in (("prepare", 2), ("activate", 2), ("retire", 1)):
        run(*rotation(stage, step))
        expect(access(stage.secrets / SIGNING_KEY) == before, f"{step} changed owner, group or mode")
        stage.compose("restart", "identity-api")
        stage.wait_until_healthy()
        expect(len(published(stage)) == count, step)
    expect(not first & published(stage), "the first key is still published")


def rollback_after_a_migration_works(stage: Stage) -> None:
    """A newer release with one more migration, then a plain `up` of the older one."""
    newer = f"{stage.release}-next"
    for name in (*SERVICES, "gateway"):
        run("docker", "tag", f"academy/{name}:{stage.release}", f"academy/{name}:{newer}")
    revision = write_trial_migration(stage.folder)
    stage.compose("build", "catalog-api", release=newer)
    stage.up(newer)
    expect(f'"{revision}"' in stage.log("catalog-migrate"), stage.log("catalog-migrate"))
    stage.up()
    expect("schema is newer than this release" in stage.log("catalog-migrate"), stage.log("catalog-migrate"))


def stopped_and_missing_containers_are_shown(stage: Stage) -> None:
    """By `make status`, which fails and prints no secret."""
    stage.compose("stop", "catalog-worker")
    stage.compose("rm", "--stop", "--force", "live-worker")
    answer = stage.ops("status", "--engine", "docker", check=False)
    stage.up()
    lines = [line.split() for line in answer.stdout.splitlines()]
    named = {words[0] for words in lines if words[1:3] == ["not", "running"]}
    expect(answer.returncode == 1, f"exit code {answer.returncode}")
    expect(named == {"catalog-worker", "live-worker"}, answer.stdout)
    expect(not secrets_in(stage, answer.stdout), "a secret is shown")
    stage.ops("status", "--engine", "docker")


def lost_broker_volume_is_replaced(stage: Stage) -> None:
    """Users, exchanges and queues are declared anew by a plain `up`; `make republish` brings the events it took."""
    stage.compose("stop", "notifications-worker")
    publish_an_event(stage)
    stage.compose("rm", "--stop", "--force", "rabbitmq")
    run("docker", "volume", "rm", f"{stage.project}_rabbitmq")
    stage.up()
    stage.wait_until_healthy()
    wait_until(lambda: "UserUpdated" in dead_events(stage), "make dead shows no lost event")
    stage.ops("republish", "--since", "24h", "--engine", "docker")
    wait_until(lambda: "Nothing is stuck" in dead_events(stage), "events have not arrived after they were republished")


def each_container_comes_back_after_a_restart(stage: Stage) -> None:
    """One layer after the other: servers, apis, workers, gateway."""
    for role in ("postgres", "rabbitmq", "-api", "-worker", "gateway"):
        stage.compose("restart", *(name for name in STAYS_UP if name.endswith(role)))
        stage.wait_until_healthy()


CHECKS: tuple[Callable[[Stage], None], ...] = (
    missing_secret_is_refused_before_anything_starts,
    missing_variables_are_listed_before_anything_starts,
    demo_is_refused,
    images_are_built,
    weak_secrets_are_refused_without_showing_others,
    everything_becomes_healthy,
    docker_inspect_shows_no_secret,
    make_up_adds_no_simulator,
    databases_stop_cleanly,
    stopped_and_missing_containers_are_shown,
    signing_key_is_rotated_with_a_restart,
    rollback_after_a_migration_works,
    lost_broker_volume_is_replaced,
    each_container_comes_back_after_a_restart,
)


def name_of(check: Callable[[Stage], None]) -> str:
    """The check as a sentence."""
    return check.__name__.replace("_", " ")
