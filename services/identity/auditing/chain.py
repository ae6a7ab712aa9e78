"""The hash chain over the audit log: sealed each minute, verified by a command.

Sealing is apart from writing: a chain in the writers' transactions would make them wait for each other.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from services.identity.auditing.models import AuditSeal
from services.identity.models import AuditEntry
from shared.database import Database
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


def hash_entry(previous: bytes, entry: AuditEntry) -> bytes:
    """The link after `previous`: SHA-256 over it and every column of the entry."""
    columns: dict[str, Any] = {column.key: getattr(entry, column.key) for column in AuditEntry.__table__.columns}
    columns["at"] = entry.at.astimezone(UTC).isoformat()
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(previous + text.encode()).digest()


def seal_audit(database: Database) -> None:
    """Appends every entry not sealed yet. The head goes to the log, out of reach of who rewrites tables."""
    while True:
        with database.begin() as session:
            count, head = _seal_batch(session)
        if count:
            log.info("audit sealed", entries=count, head=head.hex())
        if count < BATCH:
            return


def verify_audit(database: Database) -> Verdict:
    """Recomputes the chain from its first link. Each finding names the entry or the link and what is wrong with it."""
    findings: list[str] = []
    previous, seq, heads = GENESIS, 0, GENESIS.hex()
    with database.begin() as session:
        for seal, entry in _links(session):
            seq += 1
            if seal.seq != seq:
                findings.append(f"links {seq} to {seal.seq - 1} are missing")
                seq = seal.seq
            if entry is None:
                findings.append(f"entry {seal.entry_id} was deleted")
            elif hash_entry(previous, entry) != seal.hash:
                findings.append(f"entry {seal.entry_id} or link {seal.seq} was changed")
            # Goes on from what is stored: one change is one finding and not one for each later entry.
            previous, heads = seal.hash, seal.hash.hex()
        waiting, overdue = _count_unsealed(session)
    if overdue:
        findings.append(f"{overdue} entries are older than {SEALED_WITHIN} and not sealed")
    return Verdict(seq, waiting, heads, findings)


def contains_head(database: Database, head: str) -> bool:
    """True when a link with this hash, noted earlier, is part of the chain: nothing was cut off its end since."""
    try:
        noted = bytes.fromhex(head)
    except ValueError:
        return False
    with database.begin() as session:
        return bool(session.scalar(select(exists().where(AuditSeal.hash == noted))))


def _seal_batch(session: Session) -> tuple[int, bytes]:
    # One sealer at a time, whatever the number of workers.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("identity:audit", 0))))
    last = session.scalars(select(AuditSeal).order_by(AuditSeal.seq.desc()).limit(1)).one_or_none()
    seq, head = (last.seq, last.hash) if last else (0, GENESIS)
    highest = session.scalar(select(func.max(AuditSeal.entry_id))) or 0
    unsealed = select(AuditEntry).where(
        AuditEntry.id > highest - LATE_ENTRIES, ~exists().where(AuditSeal.entry_id == AuditEntry.id)
    )
    entries = session.scalars(unsealed.order_by(AuditEntry.id).limit(BATCH)).all()
    seals: list[dict[str, Any]] = []
    for entry in entries:
        seq, head = seq + 1, hash_entry(head, entry)
        seals.append({"seq": seq, "entry_id": entry.id, "hash": head})
    if seals:
        session.execute(insert(AuditSeal), seals)
    return len(seals), head


def _links(session: Session) -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    after = -1
    both = select(AuditSeal, AuditEntry).outerjoin(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
    while rows := session.execute(both.where(AuditSeal.seq > after).order_by(AuditSeal.seq).limit(BATCH)).all():
        yield from rows
        after = rows[-1][0].seq
        session.expunge_all()


def _count_unsealed(session: Session) -> tuple[int, int]:
    unsealed = ~exists().where(AuditSeal.entry_id == AuditEntry.id)
    overdue = func.count().filter(AuditEntry.at < datetime.now(UTC) - SEALED_WITHIN)
    waiting, late = session.execute(select(func.count(), overdue).select_from(AuditEntry).where(unsealed)).one()
    return waiting, late
