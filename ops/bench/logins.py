"""Signing in: nearly all of it is argon2, on purpose; the bar is what argon2 alone does on the same cores."""

import json

from ops.bench import school
from ops.bench.argon2_alone import PASSWORD, argon2_rate
from ops.bench.bare import administrator
from ops.bench.ground import Ground
from ops.bench.load import Load, Round, interleaved, send
from ops.bench.pace import Pace
from ops.bench.report import Row
from ops.bench.request import Request
from services.identity.passwords import hashing_slot

LOADS = 4
# Identity hashes four at a time; more would wait, and after two seconds be refused.
CONNECTIONS = 8
ADD_USERS = """
    INSERT INTO users (id, email, email_normalized, name, password_hash, roles)
    SELECT ('01920000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'reader' || n || '@example.com',
        'reader' || n || '@example.com', 'Reader ' || n, %s, ARRAY['student']
    FROM generate_series(1, %s) n
"""


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """Against argon2 alone, as it comes and in huge pages as identity has it, and against the monolith, which keeps no
    sessions."""
    with hashing_slot() as hasher:
        password_hash = hasher.hash(PASSWORD)
    for database, schema in ((ground.database, "identity"), (ground.monolith_database, "public")):
        with administrator(database) as cursor:
            cursor.execute(f"SET search_path = {schema}")
            cursor.execute(ADD_USERS, (password_hash, school.READERS))
    bodies = [{"email": f"reader{n}@example.com", "password": PASSWORD} for n in range(1, school.READERS + 1)]
    requests = [Request("/api/v1/auth/login", method="POST", body=json.dumps(body)) for body in bodies]

    def side(url: str) -> Round:
        return lambda _number, seconds: send(url, requests, seconds, connections=CONNECTIONS)

    def argon2(huge_pages: bool) -> Round:
        return lambda _number, seconds: Load(argon2_rate(seconds, huge_pages), 0, 0)

    sides = {
        "ours": side(ground.gateway),
        "monolith": side(ground.baseline),
        "argon2": argon2(huge_pages=False),
        "argon2 in huge pages": argon2(huge_pages=True),
    }
    loads = interleaved(pace, sides)
    ours, ceiling = loads["ours"].rate, loads["argon2 in huge pages"].rate
    return [
        Row.at_least("sign-in, against argon2 alone", ours, "sign-ins/s", 0.85, loads["argon2"].rate),
        Row("sign-in, against argon2 alone in huge pages", ours, "sign-ins/s", "measured", True, ceiling),
        Row.at_least("sign-in, against the monolith", ours, "sign-ins/s", 0.9, loads["monolith"].rate),
    ]
