"""Does a JSON object fit the class that the official SDK has for it? Names, presence and types, all the way down."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import stripe
from stripe._stripe_object import UntypedStripeObject

OBJECTS: dict[str, Any] = {
    cls.OBJECT_NAME: cls
    for cls in (
        stripe.BalanceTransaction,
        stripe.Charge,
        stripe.Dispute,
        stripe.Event,
        stripe.PaymentIntent,
        stripe.Refund,
        stripe.checkout.Session,
    )
}


# How JSON writes what the SDK makes of it.
WRITTEN: dict[Any, Any] = {float: int | float, Decimal: str}


class SdkNames(dict[str, Any]):
    """The SDK's modules import each other only for type checkers, some under another name (`Dispute as
    DisputeResource`): what a text names is looked up here."""

    def __missing__(self, name: str) -> Any:
        known = name.removesuffix("Resource")
        places = [stripe, stripe.checkout, stripe.test_helpers, stripe.issuing]
        if known.startswith("Issuing"):
            known, places = known.removeprefix("Issuing"), [stripe.issuing]
        for place in places:
            if hasattr(place, known):
                return getattr(place, known)
        raise KeyError(name)


def misfits(value: Any, expected: Any, path: str = "") -> list[str]:
    """What is wrong, each with its path; empty when the value is one that the SDK's type describes."""
    return list(_misfits(value, expected, path))


def _misfits(value: Any, expected: Any, path: str) -> Iterator[str]:
    check = CHECKS.get(get_origin(expected))
    if check:
        yield from check(value, get_args(expected), path)
    elif expected is Any:
        return
    elif issubclass(expected, stripe.StripeObject):
        yield from _of_object(value, expected, path)
    # True is an int for Python, and for nobody who reads JSON.
    elif not isinstance(value, WRITTEN.get(expected, expected)) or (isinstance(value, bool) and expected is not bool):
        yield f"{path}: {value!r} is not {expected.__name__}"


def _of_union(value: Any, arguments: tuple[Any, ...], path: str) -> Iterator[str]:
    tried = [misfits(value, argument, path) for argument in arguments if argument is not type(None)]
    if (value is None and type(None) in arguments) or [] in tried:
        return
    # The branch that went deepest is the one that was meant.
    yield from max(tried, key=lambda found: max(len(line.partition(":")[0]) for line in found))


def _of_literal(value: Any, arguments: tuple[Any, ...], path: str) -> Iterator[str]:
    if value not in arguments:
        yield f"{path}: {value!r} is none of {arguments}"


def _of_mapping(value: Any, arguments: tuple[Any, ...], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
        return
    for key, inner in value.items():
        yield from _misfits(inner, arguments[-1], f"{path}.{key}")


def _of_items(value: Any, arguments: tuple[Any, ...], path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {value!r} is no list"
        return
    for number, item in enumerate(value):
        yield from _misfits(item, arguments[0], f"{path}[{number}]")


def _of_list_object(value: Any, arguments: tuple[Any, ...], path: str) -> Iterator[str]:
    shape = {"object": Literal["list"], "has_more": bool, "url": str, "data": Any}
    yield from _of_fields(value, shape, path)
    yield from _of_items(value.get("data"), arguments, f"{path}.data")


def _of_object(value: Any, expected: Any, path: str) -> Iterator[str]:
    hints = get_type_hints(expected, localns=SdkNames())
    shape = {
        name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar and not name.startswith("_")
    }
    yield from _of_fields(value, shape, path)


def _of_fields(value: Any, shape: dict[str, Any], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
        return
    yield from (f"{path}.{name}: the SDK knows no such field" for name in value.keys() - shape.keys())
    for name, hint in shape.items():
        if name in value:
            yield from _misfits(value[name], hint, f"{path}.{name}")
        elif type(None) not in get_args(hint):
            yield f"{path}.{name}: is missing"


CHECKS: dict[Any, Callable[[Any, tuple[Any, ...], str], Iterator[str]]] = {
    Union: _of_union,
    Literal: _of_literal,
    list: _of_items,
    dict: _of_mapping,
    UntypedStripeObject: _of_mapping,
    stripe.ListObject: _of_list_object,
}
