"""Stripe's lists: newest first, cursors by object id (https://docs.stripe.com/api/pagination)."""

import json
from collections.abc import Sequence
from typing import Any

from ops.stripe_simulator.errors import ObjectMissing, ParameterInvalid
from ops.stripe_simulator.parameters import Body, integer
from ops.stripe_simulator.store import Store

Condition = tuple[str, Sequence[Any]]

_BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def equals(params: Body, *names: str) -> list[Condition]:
    """Conditions for those of the named members that the caller filters by."""
    return [(f"json_extract(body, '$.{name}') = ?", [params[name]]) for name in names if params.get(name)]


def list_objects(store: Store, kind: str, params: Body, url: str, conditions: Sequence[Condition] = ()) -> Body:
    """Returns one page; raises ParameterInvalid for a bad limit and ObjectMissing for an unknown cursor."""
    limit = integer(params, "limit", 10)
    if limit is None or not 1 <= limit <= 100:
        raise ParameterInvalid("Invalid limit: it must be between 1 and 100.", "limit")
    backwards = bool(params.get("ending_before"))
    wanted = [("kind = ?", [kind]), *conditions, *_created(params), *_cursors(store, kind, params)]
    found = store.rows(
        f"SELECT body FROM objects WHERE {' AND '.join(test for test, _ in wanted)}"
        f" ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT ?",
        [*(value for _, values in wanted for value in values), limit + 1],
    )
    data = [json.loads(row["body"]) for row in found[:limit]]
    if backwards:
        data.reverse()
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": data}


def _created(params: Body) -> list[Condition]:
    created = params.get("created")
    if not created:
        return []
    if not isinstance(created, dict):
        return [("created = ?", [integer(params, "created")])]
    if created.keys() - _BOUNDS.keys():
        raise ParameterInvalid("Invalid created: use gt, gte, lt or lte.", "created")
    return [(f"created {_BOUNDS[name]} ?", [integer(created, name)]) for name in created]


def _cursors(store: Store, kind: str, params: Body) -> list[Condition]:
    conditions: list[Condition] = []
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if cursor := params.get(name):
            found = store.rows("SELECT seq FROM objects WHERE id = ? AND kind = ?", (cursor, kind))
            if not found:
                raise ObjectMissing(kind, cursor, name)
            conditions.append((f"seq {sign} ?", [found[0]["seq"]]))
    return conditions
