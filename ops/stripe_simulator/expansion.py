"""expand[]: ids replaced by the objects they name (https://docs.stripe.com/api/expanding_objects)."""

from typing import Any

from ops.stripe_simulator.errors import ParameterInvalid
from ops.stripe_simulator.listing import equals, list_objects
from ops.stripe_simulator.parameters import Body
from ops.stripe_simulator.sessions import line_items_key
from ops.stripe_simulator.store import Store

_KINDS = {"pi": "payment_intent", "ch": "charge", "re": "refund", "txn": "balance_transaction"}
_DEEPEST = 4


def expand(store: Store, body: Body, paths: object) -> None:
    """Expands the body in place; raises ParameterInvalid for a path that Stripe would not know."""
    for path in paths if isinstance(paths, list) else [paths] if paths else []:
        names = str(path).split(".")
        if len(names) > _DEEPEST:
            raise ParameterInvalid(f"You cannot expand more than {_DEEPEST} levels of a property.", "expand")
        _descend(store, body, names, str(path))


def _descend(store: Store, target: Any, names: list[str], path: str) -> None:
    if isinstance(target, list):
        for member in target:
            _descend(store, member, names, path)
    elif names and target is not None:
        _descend(store, _opened(store, target, names[0], path), names[1:], path)


def _opened(store: Store, target: Any, name: str, path: str) -> Any:
    if isinstance(target, dict):
        if (name, target.get("object")) == ("line_items", "checkout.session"):
            target[name] = store.get("line_items", line_items_key(target["id"]))
        if (name, target.get("object")) == ("refunds", "charge"):
            target[name] = list_objects(
                store, "refund", {}, f"/v1/charges/{target['id']}/refunds", equals({"charge": target["id"]}, "charge")
            )
        value = target.get(name, "")
        kind = _KINDS.get(value.partition("_")[0]) if isinstance(value, str) else None
        if kind:
            target[name] = store.get(kind, value)
        if kind or value is None or isinstance(value, dict | list):
            return target[name]
    raise ParameterInvalid(f"This property cannot be expanded ({path}).", "expand")
