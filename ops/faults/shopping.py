"""The load: learners who buy, study and download their certificate, as patient clients of the gateway."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from ops.faults.client import GaveUp
from ops.faults.lab import Lab
from ops.faults.learners import Learner
from ops.faults.school import Course, School
from ops.faults.trial import Trial

ENROLLED_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.3


@dataclass(frozen=True)
class Purchase:
    """A course that was paid for."""

    order_id: str
    learner: Learner
    course: Course


class Shop:
    """Buys for one trial. Keys come from the trial's dice, so a replay sends the same ones."""

    def __init__(self, lab: Lab, school: School, trial: Trial) -> None:
        self._lab = lab
        self._school = school
        self._trial = trial
        self.purchases: list[Purchase] = []
        self.given_up: list[str] = []

    async def open_checkout(self) -> tuple[Purchase, str]:
        """An order of the next pair and the address to pay it at. Raises GaveUp."""
        learner, course = next(self._school.pairs, (None, None))
        if learner is None or course is None:
            raise GaveUp("every learner has bought every course: open a larger school")
        key, body = str(UUID(int=self._trial.rng.getrandbits(128))), {"course_id": course.id}
        checkout = await learner.done("POST", "/api/v1/payments/checkouts", key, json=body)
        return Purchase(checkout["order_id"], learner, course), checkout["checkout_url"]

    async def buy(self) -> None:
        """One checkout, paid. Who gives up is remembered: the platform was away for longer than people wait."""
        try:
            purchase, url = await self.open_checkout()
        except GaveUp as error:
            self.given_up.append(str(error))
            return
        await self._lab.stripe.pay(url)
        self.purchases.append(purchase)
        self._trial.checkouts += 1
        self._trial.advance(1)

    async def buy_many(self, count: int, at_a_time: int = 8, per_second: float = 0) -> None:
        """So many, a few at a time; `per_second` is how fast new ones begin at most, 0 as fast as they end."""
        gate, began = asyncio.Semaphore(at_a_time), time.monotonic()

        async def one(number: int) -> None:
            async with gate:
                if per_second:
                    await asyncio.sleep(began + number / per_second - time.monotonic())
                await self.buy()

        await asyncio.gather(*(one(number) for number in range(count)))

    async def study(self, purchase: Purchase) -> None:
        """Completes the course as soon as it opens, and downloads the certificate. Raises GaveUp."""
        learner, course = purchase.learner, purchase.course

        async def completed() -> bool:
            path = f"/api/v1/courses/{course.id}/lessons/{course.lesson_id}/complete"
            return (await learner.call("POST", path)).is_success

        async def downloaded() -> bool:
            mine = await learner.done("GET", "/api/v1/certificates?limit=100")
            found = [item["id"] for item in mine["items"] if item["course_id"] == course.id]
            if found:
                await learner.done("GET", f"/api/v1/certificates/{found[0]}/pdf")
            return bool(found)

        await eventually(completed, f"order {purchase.order_id} to open its course")
        await eventually(downloaded, f"the certificate of order {purchase.order_id}")


async def eventually(
    ask: Callable[[], Awaitable[bool]], what: str, seconds: float = ENROLLED_SECONDS, pause: float = LOOK_AGAIN_SECONDS
) -> float:
    """Seconds until `ask` says yes. Raises GaveUp when it does not in time."""
    began = time.monotonic()
    while not await ask():
        if time.monotonic() - began > seconds:
            raise GaveUp(f"waited {seconds:.0f} s for {what}")
        await asyncio.sleep(pause)
    return time.monotonic() - began
