"""The hash chain over the audit log: sealed each minute, verified by a command.

Sealing is apart from writing: a chain in the writers' transactions would make them wait for each other.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, exists, func, insert, select
from sqlalchemy.orm import Session

from shared import locks
from shared.auditing.tables import audit, seals
from shared.database import Database
from shared.jobs import Job
from shared.telemetry import get_logger

log = get_logger(__name__)

BATCH = 1000
# An entry's id is given at its insert and seen at its commit, seconds later at most: so far behind none appears.
LATE_ENTRIES = 100_000
# An entry unsealed for longer than this was not written by the service, or the sealer does not run.
SEALED_WITHIN = timedelta(minutes=5)
GENESIS = bytes(32)


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole log found; `head` is the last link's hash in hexadecimal."""

    sealed: int
    waiting: int
    head: str
    findings: list[str]


def hash_entry(previous: bytes, entry: RowMapping) -> bytes:
    """The link after `previous`: SHA-256 over it and every column of the entry."""
    columns: dict[str, Any] = {column.key: entry[column] for column in audit.c}
    columns["at"] = columns["at"].astimezone(UTC).isoformat()
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(previous + text.encode()).digest()


def seal_audit(database: Database) -> Iterator[None]:
    """Appends every entry not sealed yet. The head goes to the log, out of reach of who rewrites tables."""
    while True:
        with database.begin() as session:
            count, head = _seal_batch(session)
        if count:
            log.info("audit sealed", entries=count, head=head.hex())
        yield
        if count < BATCH:
            return


def verify_audit(database: Database) -> Verdict:
    """Recomputes the chain from its first link. Each finding names the entry or the link and what is wrong with it."""
    findings: list[str] = []
    previous, seq = GENESIS, 0
    with database.begin() as session:
        for link in _links(session):
            seq += 1
            if link[seals.c.seq] != seq:
                findings.append(f"links {seq} to {link[seals.c.seq] - 1} are missing")
                seq = link[seals.c.seq]
            if link[audit.c.id] is None:
                findings.append(f"entry {link[seals.c.entry_id]} was deleted")
            elif hash_entry(previous, link) != link[seals.c.hash]:
                findings.append(f"entry {link[seals.c.entry_id]} or link {seq} was changed")
            # Goes on from what is stored: one change is one finding and not one for each later entry.
            previous = link[seals.c.hash]
        waiting, overdue = _count_unsealed(session)
    if overdue:
        findings.append(f"{overdue} entries are older than {SEALED_WITHIN} and not sealed")
    return Verdict(seq, waiting, previous.hex(), findings)


def contains_head(database: Database, head: str) -> bool:
    """True when a link with this hash, noted earlier, is part of the chain: nothing was cut off its end since."""
    try:
        noted = bytes.fromhex(head)
    except ValueError:
        return False
    with database.begin() as session:
        return bool(session.scalar(select(exists().where(seals.c.hash == noted))))


def _seal_batch(session: Session) -> tuple[int, bytes]:
    # One sealer at a time, whatever the number of workers.
    locks.take_lock(session, "audit")
    last = session.execute(select(seals.c.seq, seals.c.hash).order_by(seals.c.seq.desc()).limit(1)).one_or_none()
    seq, head = last or (0, GENESIS)
    highest = session.scalar(select(func.max(seals.c.entry_id))) or 0
    unsealed = select(audit).where(audit.c.id > highest - LATE_ENTRIES, ~exists().where(seals.c.entry_id == audit.c.id))
    links: list[dict[str, Any]] = []
    for entry in session.execute(unsealed.order_by(audit.c.id).limit(BATCH)).mappings():
        seq, head = seq + 1, hash_entry(head, entry)
        links.append({"seq": seq, "entry_id": entry[audit.c.id], "hash": head})
    if links:
        session.execute(insert(seals), links)
    return len(links), head


def _links(session: Session) -> Iterator[RowMapping]:
    after = -1
    both = select(seals, audit).outerjoin(audit, audit.c.id == seals.c.entry_id).order_by(seals.c.seq).limit(BATCH)
    while rows := session.execute(both.where(seals.c.seq > after)).mappings().all():
        yield from rows
        after = rows[-1][seals.c.seq]


def _count_unsealed(session: Session) -> tuple[int, int]:
    unsealed = ~exists().where(seals.c.entry_id == audit.c.id)
    overdue = func.count().filter(audit.c.at < datetime.now(UTC) - SEALED_WITHIN)
    waiting, late = session.execute(select(func.count(), overdue).select_from(audit).where(unsealed)).one()
    return waiting, late


SEALING = Job("seal-audit", timedelta(minutes=1), seal_audit)
