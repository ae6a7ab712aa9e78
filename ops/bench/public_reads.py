"""What everybody may read: the list of courses and a course with its outline, through the gateway.

The bars are against nginx serving the same bytes as static files, and against the monolith.
"""

from collections.abc import Sequence

from ops.bench import school
from ops.bench.ground import Ground
from ops.bench.load import Round, interleaved, send
from ops.bench.pace import Pace
from ops.bench.report import Row
from ops.bench.request import Request

LOADS = 9
COURSES = "/api/v1/courses"


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """Two rows each for list and detail, and one for many details."""
    details = [f"{COURSES}/{school.id_of(number)}" for number in range(1, school.COURSES + 1)]
    rows = _compare(ground, pace, "public course list", [COURSES])
    rows += _compare(ground, pace, "public course with outline", details[:1])
    # All of them in turn: each is refilled once a second, so Python has its part in this one.
    return rows + _compare(ground, pace, f"{len(details)} public courses in turn", details)[1:]


def _compare(ground: Ground, pace: Pace, name: str, paths: Sequence[str]) -> list[Row]:
    asked = [Request(path) for path in paths]
    files = [ground.static.put(f"{path.strip('/')}.json", ground.fetch(path)) for path in paths]

    def side(url: str, requests: Sequence[Request]) -> Round:
        return lambda _number, seconds: send(url, requests, seconds)

    loads = interleaved(
        pace,
        {
            "ours": side(ground.gateway, asked),
            "monolith": side(ground.baseline, asked),
            "static": side(ground.static_url, files),
        },
    )
    ours, monolith, static = (loads[key] for key in ("ours", "monolith", "static"))
    return [
        Row.at_least(f"{name}, against the same bytes as static files", ours.rate, "requests/s", 0.7, static.rate),
        Row.at_least(f"{name}, against the monolith", ours.rate, "requests/s", 20, monolith.rate),
    ]
