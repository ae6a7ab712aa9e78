"""What it costs to know who asks: a token whose signature was looked at before, and one that was not."""

import time
from collections.abc import Callable

from uuid_utils.compat import uuid7

from ops.bench.ground import Ground
from ops.bench.pace import Pace
from ops.bench.report import Row
from shared.auth import actor_from
from shared.tokens import CACHE_SIZE, TokenVerifier

STEPS = 2
ROUNDS = 5


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """Microseconds a token, by this process's own clock of processor time."""
    tokens = [ground.signer.sign(uuid7(), uuid7(), ["student"]) for _ in range(CACHE_SIZE // 4)]
    verifier = TokenVerifier(ground.signer)

    def known() -> None:
        for token in tokens:
            actor_from(verifier.verify(token))

    def fresh() -> None:
        stranger = TokenVerifier(ground.signer)
        for token in tokens:
            actor_from(stranger.verify(token))

    rows = []
    for name, check, bar in (("verified before", known, 60), ("seen for the first time", fresh, 250)):
        rows.append(Row.at_most(f"access token {name}", _best_of(check) / len(tokens) * 1e6, "µs", bar))
        pace.step()
    return rows


def _best_of(check: Callable[[], None]) -> float:
    check()
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        check()
        times.append(time.process_time() - started)
    return min(times)
