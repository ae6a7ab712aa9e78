"""Postgres and RabbitMQ of one instance, as table lines and, for tests, as something that starts alone."""

from dataclasses import dataclass
from pathlib import Path

from ops.native import packages
from ops.native.instance import Instance
from ops.native.postgres import Postgres
from ops.native.progress import Progress
from ops.native.rabbitmq import RabbitMQ
from ops.native.runner import Runner, Unit
from ops.places import TOOLS

PORTS = ("postgres", "rabbitmq", "rabbitmq:management", "rabbitmq:peer", "epmd")


@dataclass(frozen=True)
class ServerSet:
    """The two servers as configured for an instance."""

    postgres: Postgres
    rabbitmq: RabbitMQ

    @classmethod
    def of(cls, instance: Instance, disposable: bool = False) -> "ServerSet":
        """Built from the ports and secrets of an instance. `disposable` data does not survive a power cut."""
        ports, secrets = instance.ports, instance.secrets
        return cls(
            Postgres(instance.home, ports["postgres"], secrets["postgres_admin_password"], disposable),
            RabbitMQ(
                directory=instance.directory,
                port=ports["rabbitmq"],
                management_port=ports["rabbitmq:management"],
                peer_port=ports["rabbitmq:peer"],
                mapper_port=ports["epmd"],
                password=secrets["broker_admin_password"],
                disposable=disposable,
            ),
        )

    def units(self) -> list[Unit]:
        """The table lines."""
        return [
            Unit(self.postgres.program(), prepare=self.postgres.prepare),
            Unit(self.rabbitmq.mapper()),
            Unit(self.rabbitmq.program(), after=("epmd",), prepare=self.rabbitmq.prepare),
        ]


class Servers:
    """Postgres and RabbitMQ alone, on disposable data, for tests."""

    def __init__(self, directory: Path, progress: Progress | None = None) -> None:
        self._instance = Instance(directory)
        self._progress = progress or Progress(quiet=True)
        self._runner = Runner(self._instance.supervisor, self._progress.done)

    def up(self) -> ServerSet:
        """Starts both and waits until they answer. Raises OpsError."""
        packages.ensure(packages.SERVERS, TOOLS, self._progress.say)
        with self._instance.locked():
            self._instance.prepare(PORTS)
            servers = ServerSet.of(self._instance, disposable=True)
            self._runner.up(servers.units())
        return servers

    def down(self) -> None:
        """Stops both and deletes everything they left."""
        with self._instance.locked():
            names = list(self._instance.supervisor.pids())
            self._runner.down(ServerSet.of(self._instance).units() if names else [], names)
            self._instance.remove()
