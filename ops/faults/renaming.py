"""The cheapest event there is: a learner changes their name, and two other services hear of it."""

import asyncio
import itertools

from ops.faults.lab import Lab
from ops.faults.school import School

MISSED = """
    SELECT 'user ' || u.id FROM identity.users u JOIN notifications.people p ON p.user_id = u.id
    WHERE p.name <> u.name OR p.profile_version <> u.version
    UNION ALL
    SELECT 'user ' || u.id FROM identity.users u JOIN certificates.learners l ON l.user_id = u.id
    WHERE l.name <> u.name OR l.version <> u.version
"""
_numbers = itertools.count(1)


async def rename_learners(school: School, count: int, at_a_time: int = 4) -> None:
    """So many UserUpdated, spread over all learners."""
    gate = asyncio.Semaphore(at_a_time)

    async def rename(number: int) -> None:
        learner = school.learners[number % len(school.learners)]
        async with gate:
            body = {"name": f"Renamed {number}"}
            await learner.done("PATCH", "/api/v1/users/me", headers={"If-Match": "*"}, json=body)

    await asyncio.gather(*(rename(next(_numbers)) for _ in range(count)))


async def missed_renames(lab: Lab) -> int:
    """How many learners are known elsewhere by another name or version than at home."""
    return len(await lab.books.rows(MISSED))
