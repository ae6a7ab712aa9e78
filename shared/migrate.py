"""Alembic per service: `python -m shared.migrate catalog`. Version table in the service's own schema.

Safe when several start at once: the whole upgrade happens under an advisory lock held by a connection of its own.
A schema that is newer than this code is left as it is, so that a release can be rolled back.
Exit code 0: the schema is at head or newer; 1: refused, with the reason; 2: called wrongly.
"""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import URL, Connection, NullPool, create_engine, text

from shared import startup
from shared.schema_version import SERVICES, head, is_newer, versions_folder
from shared.settings import UNUSED, Settings
from shared.telemetry import configure_logging, get_logger

log = get_logger(__name__)


class MigrationSettings(Settings):
    """The owner role may change tables; the role of the running service may not."""

    database_migration_password: SecretStr = SecretStr("")
    is_job = True
    # A one-shot job uses neither; production must not ask for them.
    database_password: SecretStr = UNUSED
    broker_password: SecretStr = UNUSED
    internal_token: SecretStr = UNUSED

    def migration_url(self, service: str) -> URL:
        """The address of `<service>_owner`."""
        password = self.database_migration_password.get_secret_value()
        return self.database_url(service).set(username=f"{service}_owner", password=password)


class BrokenHistory(RuntimeError):
    """The schema is at a revision that no release of this service has made."""


def upgrade(service: str, url: URL) -> str:
    """Brings the service's schema to head, or leaves a newer one as it is. Returns the schema's revision.

    Blocks while another upgrade of the same service runs. Raises BrokenHistory.
    """
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
            revision = _current_revision(connection, service)
            if revision is None or not is_newer(service, revision):
                config.attributes["connection"] = connection
                config.attributes["service"] = service
                command.upgrade(config, "head")
                connection.commit()
                revision = head(service)
    engine.dispose()
    return revision


def _current_revision(connection: Connection, service: str) -> str | None:
    """The schema's revision, known or newer; None before the first migration. Raises BrokenHistory."""
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{service}.alembic_version"}) is None:
        return None
    revisions = list(connection.scalars(text("SELECT version_num FROM alembic_version")))
    known = {path.name[:4] for path in versions_folder(service).glob("[0-9]*.py")}
    if len(revisions) == 1 and (revisions[0] in known or is_newer(service, revisions[0])):
        return str(revisions[0])
    found = ", ".join(map(repr, revisions)) or "no revision"
    raise BrokenHistory(
        f"{service}.alembic_version holds {found}, but this release knows {min(known)} to {max(known)} and a newer one"
        " has a higher number. Nothing was changed. Is it the right database? If so, restore the schema from a backup."
    )


def main(arguments: list[str]) -> int:
    """Command line: the service's name."""
    if len(arguments) != 1 or not versions_folder(arguments[0]).is_dir():
        names = ", ".join(sorted(path.parent.name for path in SERVICES.glob("*/migrations")))
        sys.stderr.write(f"usage: python -m shared.migrate SERVICE, one of: {names}\n")
        return 2
    service = arguments[0]
    settings = startup.read(MigrationSettings, service)
    configure_logging(f"{service}-migrate", settings.log_level)
    try:
        revision = upgrade(service, settings.migration_url(service))
    except BrokenHistory as error:
        log.error("schema refused", service=service, reason=str(error))
        return 1
    if is_newer(service, revision):
        log.warning(
            "schema is newer than this release, nothing changed", service=service, revision=revision, head=head(service)
        )
    else:
        log.info("schema is at head", service=service, revision=revision)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
