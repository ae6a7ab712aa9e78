"""The books of all services, read as administrator: what the oracle and the waiting for quiet look at."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg2

from ops.places import SERVICES

Row = tuple[Any, ...]
ANSWER_SECONDS = 60_000


class Books:
    """SQL over all schemas. Each call is a connection of its own: the server may have been killed in between."""

    def __init__(self, database: Mapping[str, Any]) -> None:
        self._where: dict[str, Any] = {
            "host": database["host"],
            "port": database["port"],
            "dbname": database["name"],
            "user": database["admin_user"],
            "password": database["admin_password"],
            "connect_timeout": 3,
            "options": f"-c statement_timeout={ANSWER_SECONDS} -c timezone=UTC",
        }

    def of(self, database: str) -> "Books":
        """The same server's other database."""
        other = Books.__new__(Books)
        other._where = self._where | {"dbname": database}
        return other

    async def rows(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """What the statement returns; for one that returns nothing, an empty list. Raises psycopg2.Error."""
        return await asyncio.to_thread(self._rows, statement, parameters)

    async def number(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """The one number that the statement returns."""
        return int((await self.rows(statement, parameters))[0][0] or 0)

    async def everywhere(self, statement: str) -> list[Row]:
        """The rows of a statement for each service, `{schema}` in it; the service's name comes first in each."""
        parts = [f"SELECT '{name}', part.* FROM ({statement.format(schema=name)}) AS part" for name in SERVICES]
        return await self.rows(" UNION ALL ".join(parts))

    def _rows(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
        connection = psycopg2.connect(**self._where)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()
