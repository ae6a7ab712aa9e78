"""Advisory locks by name, each service's own.

All services share one database, where any role could take any advisory lock and so stop another service. The provision
job therefore takes Postgres' functions from the services' roles and gives each schema the functions below. They add the
schema's name to the name of the lock, and run with the rights of the schema's owner.
"""

from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

# By name: what it returns, and the function of Postgres that it calls.
FUNCTIONS = {
    "take_lock": ("void", "pg_advisory_xact_lock"),
    "try_lock": ("boolean", "pg_try_advisory_xact_lock"),
    "try_session_lock": ("boolean", "pg_try_advisory_lock"),
}
# The migrations' own lock (shared/migrate.py) is taken before there is any function.
OWNERS_RIGHTS = ("pg_advisory_lock", *(function for _, function in FUNCTIONS.values()))
CLOSE = """
    SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(pg_(try_)?advisory_|lo_|lo(read|write)$)'
        AND pg_has_role(proowner, 'USAGE')
"""


def take_lock(session: Session, name: str) -> None:
    """Waits for the lock and holds it until the transaction ends."""
    session.execute(select(func.take_lock(name)))


def try_lock(session: Session, name: str) -> bool:
    """Takes the lock until the transaction ends; False when another transaction holds it."""
    return bool(session.scalar(select(func.try_lock(name))))


def try_session_lock(connection: Connection, name: str) -> bool:
    """Takes the lock until the connection ends; False when another connection holds it."""
    return bool(connection.scalar(select(func.try_session_lock(name))))


def close_functions(connection: PgConnection) -> bool:
    """Takes the functions of advisory locks and of large objects, which no service uses, from all roles. False on a
    managed server whose administrator may not do that: they stay open there."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE)
        statements = [statement for (statement,) in cursor.fetchall()]
        for statement in statements:
            cursor.execute(statement)
    return bool(statements)


def create_functions(connection: PgConnection, service: str, closed: bool) -> None:
    """The functions of one service's schema. `closed`: what close_functions returned."""
    schema, owner, app = (sql.Identifier(name) for name in (service, f"{service}_owner", f"{service}_app"))
    with connection.cursor() as cursor:
        for function in OWNERS_RIGHTS if closed else ():
            grant = sql.SQL("GRANT EXECUTE ON FUNCTION pg_catalog.{}(bigint) TO {}")
            cursor.execute(grant.format(sql.Identifier(function), owner))
        for name, (returns, function) in FUNCTIONS.items():
            own = sql.SQL("{}.{}(text)").format(schema, sql.Identifier(name))
            body = f"SELECT {function}(hashtextextended('{service}:' || $1, 0))"  # nosec B608 # fixed names
            create = sql.SQL(
                "CREATE OR REPLACE FUNCTION {} RETURNS {} LANGUAGE sql SECURITY DEFINER"
                " SET search_path = pg_catalog AS {}"
            )
            cursor.execute(create.format(own, sql.SQL(returns), sql.Literal(body)))
            cursor.execute(sql.SQL("ALTER FUNCTION {} OWNER TO {}").format(own, owner))
            cursor.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(own))
            cursor.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(own, app))
