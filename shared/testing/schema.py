"""Models and migrations tell the same story."""

from collections.abc import Collection

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from shared import tables
from shared.testing.harness import Harness


def assert_models_match_migrations(harness: Harness, *metadata: MetaData, leftovers: Collection[str] = ()) -> None:
    """Fails with the differences between the migrated schema and the service's models plus the kernel's tables.
    `leftovers` are tables that only the release before still knows."""
    engine = harness.academy.owner(harness.database.service)
    with engine.connect() as connection:
        opts = {
            "compare_server_default": True,
            "include_object": lambda _object, name, kind, _reflected, _other: kind != "table" or name not in leftovers,
        }
        context = MigrationContext.configure(connection, opts=opts)
        differences = compare_metadata(context, [tables.metadata, *metadata])  # type: ignore[arg-type]
    engine.dispose()
    assert not differences, differences
