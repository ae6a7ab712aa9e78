"""Everything that runs natively, one line each: what is run, with which environment, and what it needs."""

import os
import sys
from collections.abc import Mapping, Sequence

from ops.native import mail
from ops.native.environment import Environment
from ops.native.gateway import variables
from ops.native.instance import Instance
from ops.native.nginx import Nginx
from ops.native.probes import Probe, http_ok, port_open
from ops.native.program import Job, Program
from ops.native.runner import Unit
from ops.native.secrets import signing_key
from ops.native.servers import PORTS as SERVER_PORTS
from ops.native.servers import ServerSet
from ops.native.versions import tree_version
from ops.places import ROOT, SERVICES, TOOLS

PREFERRED_PORTS = {"gateway": 8080, "mail:web": 1080, "openid-simulator": 8070, "stripe-simulator": 8090}
PORTS = (
    *("gateway", "gateway:refill", "mail:web", "openid-simulator", "stripe-simulator", "mail", *SERVER_PORTS),
    *(f"{service}-{kind}" for service in SERVICES for kind in ("api", "worker")),
)
PROVISIONED = ("provision-database", "provision-broker")

# The group may read what a service writes: below `files` it is that of nginx' workers (ops/native/reach.py).
SERVICE_UMASK = 0o027

Overrides = Mapping[str, Mapping[str, str]]


class Table:
    """The units of an instance. `overrides` adds variables per process, such as {"billing-api": {...}}."""

    def __init__(
        self, instance: Instance, services: Sequence[str] = SERVICES, overrides: Overrides | None = None
    ) -> None:
        self._servers = ServerSet.of(instance)
        self._services = services
        self._overrides = overrides or {}
        self._ports = instance.ports
        self._home = instance.home
        self.environment = Environment(
            ports=self._ports,
            secrets=instance.secrets,
            files=instance.files,
            signing_key=signing_key(instance.directory),
            simulator_state=instance.directory / "stripe-simulator.sqlite",
        )

    def units(self) -> list[Unit]:
        """All of them; `after` says what waits for what."""
        env = self.environment
        units = [
            *self._servers.units(),
            self._job("provision-database", ("shared.provision", "database"), env.provision(), "postgres"),
            self._job("provision-broker", ("shared.provision", "broker"), env.provision(), "rabbitmq"),
            *self._far_ends(),
            self._mail(),
            self._gateway(),
        ]
        for service in self._services:
            units += self._service(service)
        if "identity" in self._services:
            admin = ("services.identity.first_admin",)
            units.append(self._job("first-admin", admin, env.first_admin(), "migrate-identity"))
        return units

    def _far_ends(self) -> list[Unit]:
        env, ops = self.environment, ROOT / "ops"
        stripe = uvicorn("ops.stripe_simulator.main:app", port=self._ports["stripe-simulator"])
        openid = module("ops.openid_simulator")
        return [
            self._program("stripe-simulator", stripe, env.stripe_simulator(), tree_version(ops / "stripe_simulator")),
            self._program("openid-simulator", openid, env.openid_simulator(), tree_version(ops / "openid_simulator")),
        ]

    def _service(self, service: str) -> list[Unit]:
        api, worker, migration = f"{service}-api", f"{service}-worker", f"migrate-{service}"
        env, version = self.environment, tree_version(ROOT / "shared", ROOT / "services" / service)
        served = uvicorn("--factory", f"services.{service}.main:create_app", port=self._ports[api])
        # The worker waits for the first admin, not the api: all other apis wait for identity's.
        last = "first-admin" if service == "identity" else migration
        return [
            self._job(migration, ("shared.migrate", service), env.migration(service), *PROVISIONED),
            self._program(api, served, env.service(service), version, migration),
            self._program(worker, module(f"services.{service}.worker"), env.worker(service), version, last),
        ]

    def _program(self, name: str, argv: tuple[str, ...], env: dict[str, str], version: str, *after: str) -> Unit:
        port = self._ports[name]
        ready: Probe = http_ok(f"http://127.0.0.1:{port}/readyz") if after else port_open(port)
        variables = env | dict(self._overrides.get(name, {}))
        return Unit(Program(name, argv, ready, ROOT, variables, umask=SERVICE_UMASK, version=version), after=after)

    def _job(self, name: str, arguments: tuple[str, ...], env: dict[str, str], *after: str) -> Unit:
        return Unit(Job(name, module(*arguments), env, ROOT), after=after)

    def _mail(self) -> Unit:
        smtp, web = str(self._ports["mail"]), str(self._ports["mail:web"])
        node = ("node", "--max-old-space-size=128", str(mail.program(TOOLS)))
        options = ("--ip", "127.0.0.1", "--smtp", smtp, "--web-ip", "127.0.0.1", "--web", web, "--silent")
        env = {"PATH": os.environ.get("PATH", "")}
        return Unit(Program("mail", (*node, *options), http_ok(f"http://127.0.0.1:{web}/healthz"), ROOT, env))

    def _gateway(self) -> Unit:
        home = self._home / "nginx"
        settings = variables(home, self.environment.files, self._ports) | dict(self._overrides.get("gateway", {}))
        nginx = Nginx(home, self._ports["gateway"], settings)
        return Unit(nginx.program(), prepare=nginx.prepare)


def module(*arguments: str) -> tuple[str, ...]:
    """`python -m ...` with the interpreter that runs this."""
    return (sys.executable, "-m", *arguments)


def uvicorn(*app: str, port: int) -> tuple[str, ...]:
    """How an api is served; only the gateway, on the same machine, may say who the client is."""
    served = module("uvicorn", *app, "--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop")
    behind_gateway = ("--proxy-headers", "--forwarded-allow-ips", "127.0.0.1")
    limits = ("--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "20")
    return (*served, "--http", "httptools", *limits, *behind_gateway)
