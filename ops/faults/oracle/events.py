"""I4, I5, and that every published event has reached everybody who asked for it."""

from ops.faults.oracle.evidence import Evidence
from ops.faults.quiet import on_the_way

UNPUBLISHED = """
    SELECT id || ' ' || type || ': ' || coalesce(last_error, 'never tried') AS words FROM {schema}.outbox
    WHERE published_at IS NULL AND created_at < now() - interval '60 seconds'
"""
UNHANDLED = """
    SELECT status || ' ' || type || ' ' || event_id || ': ' || coalesce(last_error, '') AS words,
           coalesce(last_error, '') AS reason, status FROM {schema}.inbox WHERE status <> 'done'
"""


async def never_published(evidence: Evidence) -> list[str]:
    """I4."""
    return [f"{service}: {words}" for service, words in await evidence.books.everywhere(UNPUBLISHED)]


async def never_handled(evidence: Evidence) -> list[str]:
    """I5."""
    expected = tuple(evidence.expected_parked)
    return [
        f"{service}: {words}"
        for service, words, reason, status in await evidence.books.everywhere(UNHANDLED)
        if not (status == "parked" and expected and reason.startswith(expected))
    ]


async def never_arrived(evidence: Evidence) -> list[str]:
    """An event that was published is in the inbox of each subscriber."""
    rows = await evidence.books.rows(" UNION ALL ".join(on_the_way()))
    return [f"{number} events {place}" for place, number in rows if number]
