"""Form-encoded parameters in Stripe's bracket notation: metadata[a]=1, line_items[0][quantity]=2, types[]=x."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ops.stripe_simulator.errors import IntegerInvalid, ParameterInvalid, ParameterMissing, ParameterUnknown, UrlInvalid

Body = dict[str, Any]

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_MAX_FIELDS = 1000
_MAX_DEPTH = 8


def parse_form(raw: bytes) -> Body:
    """Returns the nested parameters; raises ParameterInvalid for a body that is not such a form."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise ParameterInvalid("Invalid request body: it must be form-encoded UTF-8.") from error
    tree: Body = {}
    for key, value in pairs:
        _plant(tree, key, value)
    return {key: _lists(value) for key, value in tree.items()}


def _plant(tree: Body, key: str, value: str) -> None:
    match = _KEY.match(key)
    path = [] if match is None else [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if not 0 < len(path) <= _MAX_DEPTH:
        raise ParameterInvalid(f"Invalid parameter name: {key}")
    branch: Any = tree
    for part in path[:-1]:
        branch = branch.setdefault(part or str(len(branch)), {})
        if not isinstance(branch, dict):
            raise ParameterInvalid(f"Invalid parameter name: {key}")
    branch[path[-1] or str(len(branch))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    grown = {key: _lists(member) for key, member in value.items()}
    if grown and all(key.isdecimal() for key in grown):
        return [grown[key] for key in sorted(grown, key=int)]
    return grown


def refuse_unknown(params: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raises ParameterUnknown for the first name outside `known` (and outside expand)."""
    for name in params.keys() - set(known) - {"expand"}:
        raise ParameterUnknown(name)


def required(params: Mapping[str, Any], name: str, inside: str = "") -> Any:
    """Returns the value; raises ParameterMissing, naming it in bracket notation below `inside`."""
    value = params.get(name)
    if value in (None, "", {}, []):
        raise ParameterMissing(f"{inside}[{name}]" if inside else name)
    return value


def integer(params: Mapping[str, Any], name: str, default: int | None = None) -> int | None:
    """Returns a whole number of up to 15 digits or the default; raises IntegerInvalid."""
    value = params.get(name)
    if value in (None, ""):
        return default
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise IntegerInvalid(name, value)
    return int(value)


def mapping(params: Mapping[str, Any], name: str) -> Body:
    """Returns a nested object or {}; raises ParameterInvalid for a scalar or a list."""
    value = params.get(name) or {}
    if isinstance(value, list):
        # {"0": ...} and a list look alike on the wire; a metadata key may be a number.
        value = {str(index): member for index, member in enumerate(value)}
    if not isinstance(value, dict):
        raise ParameterInvalid("Invalid object", name)
    return value


def metadata(params: Mapping[str, Any]) -> dict[str, str]:
    """Returns string pairs within Stripe's limits (50 keys, 40 and 500 characters); an empty value unsets its key."""
    found = mapping(params, "metadata")
    for key, value in found.items():
        if not isinstance(value, str) or len(key) > 40 or len(value) > 500:
            raise ParameterInvalid("Metadata keys are up to 40 characters and values strings up to 500.", "metadata")
    if len(found) > 50:
        raise ParameterInvalid("You can have up to 50 metadata keys.", "metadata")
    return {key: value for key, value in found.items() if value != ""}


def web_address(params: Mapping[str, Any], name: str) -> str | None:
    """Returns an absolute http(s) address or None; raises UrlInvalid."""
    value = params.get(name)
    if value in (None, ""):
        return None
    try:
        parts = urlsplit(value)
    except (ValueError, AttributeError, TypeError) as error:
        raise UrlInvalid(name) from error
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UrlInvalid(name)
    return str(value)
