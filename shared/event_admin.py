"""The operator's view of one service's events, without a web sign-in: `python -m shared.event_admin SERVICE COMMAND`.

    failed                                  what did not get through, and why
    replay [--event ID] [--type NAME] [--since TIME]
                                            handles parked events again
    published --since TIME                  events published since then, except those of the last minute
    received --since TIME                   events received since then
    republish                               publishes again the events whose ids are on standard input, a line each

TIME is RFC 3339. Results are JSON on standard output. `ops/events.py` asks all services and compares: no service can
see what another one has received.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import RowMapping, String, cast, func, select, update
from sqlalchemy.orm import Session

from shared import startup, tables, troubles
from shared.database import Database
from shared.hints import wake_worker
from shared.settings import OneShotSettings
from shared.troubles import OVERDUE, Selection

OPERATOR = "operator's command line"
# Ids per statement.
BATCH = 1000
_inbox, _outbox = tables.inbox.c, tables.outbox.c


def list_published(session: Session, since: datetime) -> list[dict[str, Any]]:
    """{event_id, type, published_at} of what a consumer should have received by now, oldest first."""
    columns = (cast(_outbox.event_id, String).label("event_id"), _outbox.type, _outbox.published_at)
    when = _outbox.published_at.between(since, func.now() - OVERDUE)
    rows = session.execute(select(*columns).where(when).order_by(_outbox.id))
    return [_plain(row) for row in rows.mappings()]


def list_received(session: Session, since: datetime) -> list[dict[str, Any]]:
    """{source, event_id} of everything in the inbox, whatever became of it."""
    rows = session.execute(select(_inbox.source, _inbox.event_id).where(_inbox.received_at >= since))
    return [_plain(row) for row in rows.mappings()]


def republish(session: Session, event_ids: Sequence[str]) -> int:
    """Makes the relay publish these events again; returns how many. Consumers that have one handle it no second time.

    Only published events that are still in the outbox: they stay for 35 days, except those with a secret or a person's
    data in them.
    """
    fresh = {"published_at": None, "attempts": 0, "next_attempt_at": None, "last_error": None}
    count = 0
    for start in range(0, len(event_ids), BATCH):
        ids = event_ids[start : start + BATCH]
        wanted = (cast(_outbox.event_id, String).in_(ids), _outbox.published_at.is_not(None))
        statement = update(tables.outbox).where(*wanted).values(**fresh)
        count += len(session.execute(statement.returning(_outbox.id)).all())
    wake_worker(session, "relay")
    return count


def answer(session: Session, asked: argparse.Namespace) -> Any:
    """The result of one command."""
    if asked.command == "failed":
        return [_plain(row._mapping) for row in troubles.list_troubles(session, None, asked.limit)]
    if asked.command == "replay":
        return {"replayed": troubles.replay(session, OPERATOR, Selection(asked.event, asked.type, asked.since))}
    if asked.command == "published":
        return list_published(session, asked.since)
    if asked.command == "received":
        return list_received(session, asked.since)
    return {"republished": republish(session, sys.stdin.read().split())}


def _plain(row: RowMapping) -> dict[str, Any]:
    # Column names are a subclass of str, which orjson does not take.
    return {str(name): value for name, value in row.items()}


def encode(result: Any) -> str:
    """The result as one line of JSON."""
    return orjson.dumps(result, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.event_admin")
    parser.add_argument("service")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("failed").add_argument("--limit", type=int, default=500)
    replay = commands.add_parser("replay")
    replay.add_argument("--event")
    replay.add_argument("--type")
    replay.add_argument("--since", type=datetime.fromisoformat)
    for name in ("published", "received"):
        commands.add_parser(name).add_argument("--since", type=datetime.fromisoformat, required=True)
    commands.add_parser("republish")
    return parser


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    asked = _parser().parse_args(arguments)
    settings = startup.read(OneShotSettings, asked.service)
    database = Database(settings.database_url(asked.service), asked.service, pool_size=1)
    try:
        with database.begin() as session:
            result = answer(session, asked)
    finally:
        database.close()
    sys.stdout.write(encode(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
