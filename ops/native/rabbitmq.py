"""A private RabbitMQ with a node name, a port mapper and directories of its own: no other broker is touched."""

import hashlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from ops.native.packages import find_rabbitmq
from ops.native.probes import http_ok, port_open
from ops.native.program import Program
from ops.native.secrets import write_private

ADMIN = "admin"
# Schedulers that spin while idle would take the cores from everybody else on a small machine.
QUIET_SCHEDULERS = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}"
CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management_port}
default_user = {user}
default_pass = {password}
default_user_tags.administrator = true
vm_memory_high_watermark.absolute = 1GB
log.console = true
log.console.level = info
log.connection.level = warning
log.file = false
"""


@dataclass(frozen=True)
class RabbitMQ:
    """One broker below `directory`. `mapper_port` is its private epmd's, `peer_port` Erlang's own."""

    directory: Path
    port: int
    management_port: int
    peer_port: int
    mapper_port: int
    password: str
    disposable: bool = False

    @property
    def home(self) -> Path:
        """Configuration, data and Erlang cookie."""
        return self.directory / "rabbitmq"

    @property
    def management_url(self) -> str:
        """The management API's origin."""
        return f"http://127.0.0.1:{self.management_port}"

    def mapper(self) -> Program:
        """epmd, Erlang's port mapper, in the foreground: left to itself Erlang starts one that outlives everything."""
        return Program(
            name="epmd",
            argv=("epmd", "-port", str(self.mapper_port), "-address", "127.0.0.1"),
            ready=port_open(self.mapper_port),
            cwd=self.directory,
            env={"PATH": os.environ.get("PATH", "")},
        )

    def program(self) -> Program:
        """How it is run."""
        return Program(
            name="rabbitmq",
            argv=(str(find_rabbitmq() or "rabbitmq-server"),),
            ready=http_ok(f"{self.management_url}/api/overview", ADMIN, self.password),
            cwd=self.directory,
            env=self._env(),
            ready_seconds=120,
            # In good order it takes about six seconds to stop.
            stop_signal=signal.SIGKILL if self.disposable else signal.SIGTERM,
            version=hashlib.sha256(self._config().encode()).hexdigest(),
        )

    def prepare(self) -> None:
        """Writes the configuration."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        write_private(self.home / "rabbitmq.conf", self._config())
        (self.home / "enabled_plugins").write_text("[rabbitmq_management].\n")
        # Without it the system's /etc/rabbitmq/rabbitmq-env.conf would have a say.
        (self.home / "env.conf").touch()

    def _config(self) -> str:
        return CONFIG.format(port=self.port, management_port=self.management_port, user=ADMIN, password=self.password)

    def _env(self) -> dict[str, str]:
        home = str(self.home)
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "HOME": home,
            "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"academy-{digest}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.peer_port),
            "RABBITMQ_CONF_ENV_FILE": f"{home}/env.conf",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{home}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{home}/data",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{home}/pid",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{home}/config",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{QUIET_SCHEDULERS} {LOOPBACK_ONLY} -start_epmd false",
            # The start script then becomes the broker itself, so that the pid we know is the broker's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
