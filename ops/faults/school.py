"""What there is to buy and who buys it: many cheap courses, a pool of learners, each pair bought at most once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from ops.faults.lab import Lab
from ops.faults.learners import Learner

# Hashing a password fills a core for a while; more at a time would only wait for each other.
AT_A_TIME = 4


@dataclass(frozen=True)
class Course:
    """A published course of one lesson."""

    id: str
    lesson_id: str


@dataclass
class School:
    """`pairs` gives each (learner, course) once."""

    admin: Learner
    instructor: Learner
    learners: list[Learner] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pairs = self._deal()

    def _deal(self) -> Iterator[tuple[Learner, Course]]:
        for course in self.courses:
            for learner in self.learners:
                yield learner, course


async def open_school(lab: Lab, learners: int, courses: int) -> School:
    """A school of that size, open for business: the shop knows all its courses. Raises GaveUp."""
    access = lab.state["admin"]
    admin = Learner(lab.client, access["email"], access["password"])
    await admin.sign_in()
    instructor = await _instructor(lab, admin)
    pool = [Learner(lab.client, f"learner-{number}@example.com") for number in range(learners)]
    gate = asyncio.Semaphore(AT_A_TIME)
    made: list[Course] = await asyncio.gather(
        *(_course(gate, instructor, number) for number in range(courses)),
    )
    await asyncio.gather(*(_sign_up(gate, lab, learner, number) for number, learner in enumerate(pool)))
    while await lab.books.number("SELECT count(*) FROM billing.products WHERE published") < courses:
        await asyncio.sleep(0.1)
    return School(admin, instructor, pool, made)


async def _instructor(lab: Lab, admin: Learner) -> Learner:
    person = Learner(lab.client, "instructor@example.com")
    await person.sign_up("Grace Hopper", lab.mailbox)
    path = f"/api/v1/admin/users/{person.user_id}"
    await admin.done("PATCH", path, headers={"If-Match": "*"}, json={"roles": ["instructor"]})
    await person.sign_in()
    return person


async def _sign_up(gate: asyncio.Semaphore, lab: Lab, learner: Learner, number: int) -> None:
    async with gate:
        await learner.sign_up(f"Learner {number}", lab.mailbox)


async def _course(gate: asyncio.Semaphore, instructor: Learner, number: int) -> Course:
    async with gate:
        body = {"title": f"Course {number}", "price": {"amount": 100 + number, "currency": "USD"}}
        course = await instructor.done("POST", "/api/v1/courses", json=body)
        path = f"/api/v1/courses/{course['id']}"
        module = await instructor.done("POST", f"{path}/modules", json={"title": "All of it"})
        lesson = {"title": "The lesson", "content": "Read it twice.", "is_preview": False}
        made = await instructor.done("POST", f"{path}/modules/{module['id']}/lessons", json=lesson)
        await instructor.done("POST", f"{path}/publish")
        return Course(course["id"], made["id"])
