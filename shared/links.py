"""Links of the OpenAPI document (OAS 3.1, Link Object): what can be done next with what an answer shows.

They follow from names alone. An answer that is an XRead with an `id` is an X, and `x_id` in a path is its id. Whoever
makes an X is shown all that can be done with it; whoever is shown a version of it, what asks for that version.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Document = dict[str, Any]
ID, ETAG = "$response.body#/id", "$response.header.ETag"


@dataclass(frozen=True)
class Place:
    """An operation of the document, where it is, the model of what it answers, and whether it answers with an ETag."""

    path: str
    method: str
    operation: Document
    model: Any
    tagged: bool

    @cached_property
    def parameters(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"{(\w+)}", self.path)

    @cached_property
    def asks_for_a_version(self) -> bool:
        """Whether it takes If-Match."""
        return any(parameter["name"] == "If-Match" for parameter in self.operation.get("parameters", ()))

    @cached_property
    def fields(self) -> set[str]:
        """What its answer has."""
        return set(getattr(self.model, "model_fields", ()))

    @cached_property
    def nouns(self) -> list[str]:
        """What its answer is: `CheckoutRead(OrderRead)` is a checkout and an order."""
        classes = getattr(self.model, "__mro__", ())
        return ["_".join(re.findall("[A-Z][a-z]*", one.__name__)[:-1]).lower() for one in classes]

    def names(self, parameter: str) -> bool:
        """Whether a parameter of some path is the id of what it answers; `key_id` may be that of an `api_key`."""
        ids = [f"_{noun}{end}" for noun in self.nouns for end in ("_id", "") if noun]
        return "id" in self.fields and any(id.endswith(f"_{parameter}") for id in ids)

    @cached_property
    def makes(self) -> bool:
        """Whether what it answers was not there before."""
        return self.method == "POST" and "id" in self.fields and not any(map(self.names, self.parameters))


def link(places: Iterable[Place]) -> None:
    """Writes the links into the operations' answers."""
    places = list(places)
    for source in places:
        if links := dict(_links(source, places)):
            for status, answer in source.operation["responses"].items():
                if status.startswith("2") and "content" in answer:
                    answer["links"] = links


def _links(source: Place, places: list[Place]) -> Iterator[tuple[str, Document]]:
    for target in places:
        names = any(map(source.names, target.parameters))
        here = re.sub("{.*?}", "", source.path) == re.sub("{.*?}", "", target.path)
        versioned = source.tagged and "version" in source.fields and target.asks_for_a_version
        if (source.makes and names) or (versioned and (names or here)):
            parameters = _parameters(source, target) | ({"If-Match": ETAG} if versioned else {})
            if parameters.keys() >= set(target.parameters):
                name = target.operation["operationId"]
                yield name, {"operationId": name, "parameters": parameters}


def _parameters(source: Place, target: Place) -> Document:
    """Where those of the target's path come from, as far as the source knows them."""
    found = {name: f"$request.path.{name}" for name in target.parameters if name in source.parameters}
    return found | {name: ID for name in target.parameters if source.names(name)}
