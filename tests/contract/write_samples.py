"""`python -m tests.contract.write_samples`: writes the sample of each event that has none yet; never changes one."""

import json
from typing import Any, get_args
from uuid import UUID

from pydantic import AwareDatetime

from shared.envelope import wrap
from shared.events import EVENTS, Event
from shared.events.billing import GrantedCourse
from tests.contract.test_events import SAMPLES

BY_TYPE: dict[Any, Any] = {
    UUID: str(UUID(int=7, version=4)),
    int: 4900,
    bool: True,
    str: "text",
    dict[str, int]: {"orders": 1},
    AwareDatetime: "2030-01-31T12:00:00Z",
    tuple[GrantedCourse, ...]: [{"user_id": UUID(int=7, version=4), "course_id": UUID(int=7, version=4)}],
}
BY_NAME: dict[str, Any] = {
    "version": 3,
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "roles": ["student"],
    "title": "Questions and answers",
    "course_title": "Practical Statistics",
    "slug": "practical-statistics",
    "price_currency": "USD",
    "currency": "USD",
    "duration_minutes": 45,
    "service": "catalog",
}


def sample(cls: type[Event]) -> Event:
    """An event with every field filled."""
    values = {}
    for name, field in cls.model_fields.items():
        kinds = (field.annotation, *get_args(field.annotation))
        values[name] = BY_NAME.get(name, next((BY_TYPE[kind] for kind in kinds if kind in BY_TYPE), None))
    return cls.model_validate(values)


if __name__ == "__main__":
    SAMPLES.mkdir(exist_ok=True)
    for name, cls in EVENTS.items():
        path = SAMPLES / f"{name}.json"
        if not path.exists():
            envelope = wrap(sample(cls), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            path.write_text(json.dumps(envelope.model_dump(mode="json"), indent=2) + "\n")
