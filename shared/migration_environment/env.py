"""Alembic's environment, one for all services: the role's search_path is its own schema, the connection is given."""

from alembic import context

from shared import failpoints
from shared.database import new_metadata

connection = context.config.attributes["connection"]
service = context.config.attributes["service"]
context.configure(
    connection=connection,
    # Gives op.create_table the house's constraint names.
    target_metadata=new_metadata(),
    version_table="alembic_version",
    version_table_schema=service,
)
with context.begin_transaction():
    context.run_migrations()
    failpoints.reach("migration-before-commit")
