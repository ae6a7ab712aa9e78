"""What a learner does: my courses with progress, and completing lessons, against the monolith.

Each request carries an access token; those of 500 readers or 1,200 writers take turns.
"""

from collections.abc import Callable

from ops.bench import school
from ops.bench.ground import Ground
from ops.bench.load import Load, interleaved, send
from ops.bench.pace import Pace
from ops.bench.report import Row
from ops.bench.request import Request

LOADS = 6
# More than either side can do: no lesson is completed twice.
MOST_A_SECOND = 5000


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """Rows for the read, the write, and the write that completes the course."""
    return [*_reads(ground, pace), *_writes(ground, pace), *_last_writes(ground, pace)]


def blocks(pace: Pace) -> int:
    """Blocks of writers that the rounds use: each kind of write has its own, and one to warm up."""
    return 2 * (pace.rounds + 1) + 1


def spare_block(pace: Pace) -> int:
    """A block of writers that the rounds do not use."""
    return blocks(pace) - 1


def read_requests(ground: Ground) -> list[Request]:
    """My courses, each reader in turn."""
    return [Request("/api/v1/enrollments", token) for token in ground.tokens(school.readers()).values()]


def write_requests(ground: Ground, block: int, lessons: range, count: int) -> list[Request]:
    """Lessons to complete, `count` of them, each once."""
    tokens = ground.tokens(school.id_of(number) for number in school.writers(block))
    places = (place for place, _ in zip(school.places(block, lessons), range(count), strict=False))
    return [
        Request(f"/api/v1/courses/{place.course}/lessons/{place.lesson}/complete", tokens[place.learner], "POST")
        for place in places
    ]


def _reads(ground: Ground, pace: Pace) -> list[Row]:
    requests = read_requests(ground)
    return _compare(pace, ground, "my courses with progress", 2.5, lambda url, _n, s: send(url, requests, s))


def _writes(ground: Ground, pace: Pace) -> list[Row]:
    def one_round(url: str, number: int, seconds: float) -> Load:
        wanted = write_requests(ground, number, range(1, school.LESSONS), int(MOST_A_SECOND * seconds))
        return send(url, wanted, seconds, once=True)

    return _compare(pace, ground, "complete a lesson", 2, one_round)


def _last_writes(ground: Ground, pace: Pace) -> list[Row]:
    last = range(school.LESSONS, school.LESSONS + 1)

    def one_round(url: str, number: int, seconds: float) -> Load:
        block = pace.rounds + 1 + number
        database, schema = ground.sides[0 if url == ground.gateway else 1]
        school.complete_all_but_the_last(database, schema, block)
        wanted = write_requests(ground, block, last, int(MOST_A_SECOND * seconds))
        return send(url, wanted, seconds, once=True)

    return _compare(pace, ground, "complete the last lesson, its event stored too", 2, one_round)


def _compare(
    pace: Pace, ground: Ground, name: str, bar: float, one_round: Callable[[str, int, float], Load]
) -> list[Row]:
    def side(url: str) -> Callable[[int, float], Load]:
        return lambda number, seconds: one_round(url, number, seconds)

    loads = interleaved(pace, {"ours": side(ground.gateway), "monolith": side(ground.baseline)})
    ours, monolith = loads["ours"], loads["monolith"]
    return [
        Row.at_least(f"{name}, against the monolith", ours.rate, "requests/s", bar, monolith.rate),
        Row.at_most(f"{name}, p99 against the monolith's", ours.p99, "ms", 1, monolith.p99),
    ]
