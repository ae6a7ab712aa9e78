"""One hash over everything that all services know, without what merely says when somebody last looked."""

from ops.faults.database import Books
from ops.places import SERVICES

# Timers and the revision of the schema: they move or stay whatever events come.
NOT_STATE = {"jobs", "alembic_version"}
NOT_FACTS: dict[str, tuple[str, ...]] = {
    # Reconciliation looks at pending orders by the clock.
    "billing.orders": ("checked_at",),
    # When and how often the relay tried is not what it told.
    "*.outbox": ("published_at", "attempts", "next_attempt_at", "last_error"),
    "identity.sessions": ("last_seen_at",),
}
TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2"


async def hash_state(books: Books) -> dict[str, str]:
    """A hash for each table, independent of the order of its rows."""
    tables = await books.rows(TABLES, [list(SERVICES)])
    return {
        f"{schema}.{table}": await _hash(books, schema, table) for schema, table in tables if table not in NOT_STATE
    }


async def _hash(books: Books, schema: str, table: str) -> str:
    ignored = [*NOT_FACTS.get(f"{schema}.{table}", ()), *NOT_FACTS.get(f"*.{table}", ())]
    row = "to_jsonb(t)" + "".join(f" - '{column}'" for column in ignored)
    digest = f"md5(({row})::text)"
    statement = f"SELECT coalesce(md5(string_agg({digest}, '' ORDER BY {digest})), '') FROM {schema}.{table} t"
    return str((await books.rows(statement))[0][0])
