"""Models and migrations tell the same story."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from shared import tables
from shared.testing.harness import Harness


def assert_models_match_migrations(harness: Harness, *metadata: MetaData) -> None:
    """Fails with the differences between the migrated schema and the service's models plus the kernel's tables."""
    engine = harness.academy.owner(harness.database.service)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differences = compare_metadata(context, [tables.metadata, *metadata])  # type: ignore[arg-type]
    engine.dispose()
    assert not differences, differences
