"""Alembic per service: `python -m shared.migrate catalog`. Version table in the service's own schema.

Safe when several start at once: the whole upgrade happens under an advisory lock held by a connection of its own.
"""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import URL, NullPool, create_engine, text

from shared.schema_version import SERVICES, head, versions_folder
from shared.settings import Settings
from shared.telemetry import configure_logging, get_logger

log = get_logger(__name__)


class MigrationSettings(Settings):
    """The owner role may change tables; the role of the running service may not."""

    database_migration_password: SecretStr = SecretStr("")
    # A one-shot job uses neither; production must not ask for them.
    database_password: SecretStr = SecretStr("unused")
    broker_password: SecretStr = SecretStr("unused")
    internal_token: SecretStr = SecretStr("unused")

    def migration_url(self, service: str) -> URL:
        """The address of `<service>_owner`."""
        password = self.database_migration_password.get_secret_value()
        return self.database_url(service).set(username=f"{service}_owner", password=password)


def upgrade(service: str, url: URL) -> None:
    """Brings the service's schema to head. Blocks while another upgrade of the same service runs."""
    # Not pooled: a connection that went back to a pool after a failed migration would keep the lock.
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={"application_name": f"{service}-migrate", "options": "-c lock_timeout=5s"},
    )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migration_environment"))
    config.set_main_option("version_locations", str(versions_folder(service)))
    config.set_main_option("path_separator", "newline")
    # A session lock on a connection in autocommit: a transaction lock would end with CREATE INDEX CONCURRENTLY.
    with engine.connect() as guard:
        guard = guard.execution_options(isolation_level="AUTOCOMMIT")
        guard.execute(text("SET lock_timeout = 0"))
        guard.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), {"name": f"migrate:{service}"})
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            config.attributes["service"] = service
            command.upgrade(config, "head")
            connection.commit()
    engine.dispose()


def main(arguments: list[str]) -> int:
    """Command line: the service's name."""
    if len(arguments) != 1 or not versions_folder(arguments[0]).is_dir():
        names = ", ".join(sorted(path.parent.name for path in SERVICES.glob("*/migrations")))
        sys.stderr.write(f"usage: python -m shared.migrate SERVICE, one of: {names}\n")
        return 2
    service = arguments[0]
    settings = MigrationSettings()
    configure_logging(f"{service}-migrate", settings.log_level)
    upgrade(service, settings.migration_url(service))
    log.info("schema is at head", service=service, revision=head(service))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
