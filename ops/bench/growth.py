"""What becomes of the speeds as the school grows, and with a second api process.

The lists and courses of the first curves are asked of the api itself: through the gateway its cache would be measured.
"""

import random
from collections.abc import Sequence

from ops.bench import school, signed_in
from ops.bench.ground import Ground
from ops.bench.load import Load, send
from ops.bench.pace import Pace
from ops.bench.report import Curve, Row
from ops.bench.request import Request

SIZES = (1_000, 10_000, 100_000)
QUICK_SIZES = (300, 400, 500)
PROCESSES = (1, 2)
STEPS = len(SIZES) + len(PROCESSES)
# Of the growing crowd of courses so many are looked at, drawn by lot.
LOOKED_AT = 1_000


def measure(ground: Ground, pace: Pace) -> list[Row | Curve]:
    """The curves, and how much of its speed each read keeps."""
    processes = _processes(ground, pace)
    rates: dict[str, dict[str, list[float]]] = {}
    sizes = SIZES if pace.rounds > 1 else QUICK_SIZES
    filled = school.COURSES
    for size in sizes:
        for database, schema in ground.sides:
            school.fill_courses(database, schema, filled + 1, size)
        filled = size
        for name, requests in _reads(ground, size).items():
            series = rates.setdefault(name, {"ours": [], "monolith": []})
            for side, url in (("ours", ground.catalog), ("monolith", ground.baseline)):
                series[side].append(_load(url, requests, pace).rate)
        pace.step()
    found: list[Row | Curve] = [
        Row.at_least(
            f"{name}: {sizes[-1]:,} courses against {sizes[0]:,}", s["ours"][-1], "requests/s", 0.7, s["ours"][0]
        )
        for name, s in rates.items()
    ]
    found += [Curve(name, "requests/s", "courses", list(sizes), series) for name, series in rates.items()]
    return [*found, processes]


def _reads(ground: Ground, size: int) -> dict[str, Sequence[Request]]:
    lot = random.Random(size)
    looked_at = [school.id_of(lot.randint(1, size)) for _ in range(LOOKED_AT)]
    return {
        "course list": [Request("/api/v1/courses")],
        "course with outline": [Request(f"/api/v1/courses/{course}") for course in looked_at],
        "my courses with progress": signed_in.read_requests(ground),
    }


def _processes(ground: Ground, pace: Pace) -> Curve:
    """My courses through the gateway, by api processes. Leaves one."""
    series: list[float] = []
    for count in PROCESSES:
        ground.restart("catalog-api", WEB_CONCURRENCY=str(count))
        series.append(_load(ground.gateway, signed_in.read_requests(ground), pace).rate)
        pace.step()
    ground.restart("catalog-api")
    return Curve("my courses by api processes", "requests/s", "processes", list(PROCESSES), {"ours": series})


def _load(url: str, requests: Sequence[Request], pace: Pace) -> Load:
    send(url, requests, 1)
    return send(url, requests, pace.seconds)
