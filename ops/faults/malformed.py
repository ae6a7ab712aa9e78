"""Messages that nobody should send: each one a way in which a consumer has died somewhere."""

import random
from collections.abc import Callable, Iterator
from uuid import UUID

import orjson

from shared.publisher import Message

MEGABYTES_10 = 10 * 1024 * 1024
DEPTH = 10_000


def _envelope(dice: random.Random, **changes: object) -> bytes:
    user = str(UUID(int=dice.getrandbits(128), version=4))
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": str(UUID(int=dice.getrandbits(128), version=4)),
        "source": "identity",
        "type": "UserUpdated",
        "subject": user,
        "time": "2026-01-01T00:00:00Z",
        "dataversion": 1,
        "data": {"user_id": user, "version": 1, "email": "x@example.com", "name": "X", "status": "active", "roles": []},
    } | changes
    return orjson.dumps({name: value for name, value in event.items() if value is not None})


Maker = Callable[[random.Random], bytes]
KINDS: dict[str, Maker] = {
    "empty": lambda dice: b"",
    "not UTF-8": lambda dice: b'{"id": "\xff\xfe"}',
    "random bytes": lambda dice: dice.randbytes(300),
    "half of an event": lambda dice: _envelope(dice)[:100],
    "a list": lambda dice: b"[1, 2, 3]",
    "deep": lambda dice: b"[" * DEPTH + b"]" * DEPTH,
    "deep in its data": lambda dice: _envelope(dice).replace(b'"X"', b'{"a":' * DEPTH + b"1" + b"}" * DEPTH),
    "no id": lambda dice: _envelope(dice, id=None),
    "an id that is none": lambda dice: _envelope(dice, id="42"),
    "unknown version": lambda dice: _envelope(dice, dataversion=999),
    "unknown type": lambda dice: _envelope(dice, type="UserLevitated"),
    "foreign source": lambda dice: _envelope(dice, source="billing"),
    "no data": lambda dice: _envelope(dice, data=None),
    "data of another event": lambda dice: _envelope(dice, data={"order_id": "1"}),
    "a lone surrogate": lambda dice: _envelope(dice).replace(b'"X"', b'"\\ud800"'),
    "NUL in the type": lambda dice: _envelope(dice, type="User\x00Updated"),
    "NUL in the name": lambda dice: _envelope(dice).replace(b'"X"', b'"X\\u0000"'),
    "10 MB": lambda dice: b"x" * MEGABYTES_10,
}


def malformed(dice: random.Random, count: int) -> Iterator[tuple[str, Message]]:
    """So many messages in the name of UserUpdated, each kind in turn, with the name of the kind."""
    names = list(KINDS)
    for number in range(count):
        kind = names[number % len(names)]
        yield kind, Message(f"malformed-{dice.getrandbits(64)}", "UserUpdated", KINDS[kind](dice))
