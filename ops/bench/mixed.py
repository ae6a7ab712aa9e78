"""A school at work: 1,000 requests a second, 80 % public reads, 15 % my courses, 5 % lessons completed."""

import random

from ops.bench import school, signed_in
from ops.bench.ground import Ground
from ops.bench.pace import Pace
from ops.bench.report import Row
from ops.bench.request import Request
from ops.bench.steady import send_steadily

PER_SECOND = 1000
STEPS = 1
# Nobody opens a school in one moment: empty stores and connections to be made are not what is measured.
WARM_UP_SECONDS = 3


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """No error, and a bar for the slowest hundredth."""
    warm_up = PER_SECOND * WARM_UP_SECONDS
    requests = _requests(ground, signed_in.spare_block(pace), warm_up + int(PER_SECOND * pace.steady_seconds))
    send_steadily(ground.gateway, requests[:warm_up], PER_SECOND)
    result = send_steadily(ground.gateway, requests[warm_up:], PER_SECOND)
    pace.step()
    name = f"{PER_SECOND:,} requests a second, mixed, {pace.steady_seconds:g} s"
    failed = f" ({', '.join(f'{n} x {why}' for why, n in result.failures.items())})" if result.failures else ""
    return [
        Row.at_most(f"{name}: errors{failed}", result.errors, "errors", 0),
        Row.at_most(f"{name}: p99", result.percentile(0.99), "ms", 100),
    ]


def _requests(ground: Ground, block: int, count: int) -> list[Request]:
    numbers = range(1, school.COURSES + 1)
    public = [Request("/api/v1/courses")] * school.COURSES
    public += [Request(f"/api/v1/courses/{school.id_of(number)}") for number in numbers]
    reads = signed_in.read_requests(ground)
    writes = signed_in.write_requests(ground, block, range(1, school.LESSONS), count // 10)
    dice = random.Random(1)
    kinds = dice.choices(("public", "read", "write"), (80, 15, 5), k=count)
    return [writes.pop() if kind == "write" else dice.choice(public if kind == "public" else reads) for kind in kinds]
