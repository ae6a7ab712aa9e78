"""The parent of all events."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Parent of all events. `source` is the publishing service; `subject_field` names the aggregate's id. Published
    ones stay in the outbox for 35 days, unless `is_kept` says that theirs must go within the hour.
    An event with several `sources` says in `publisher_field` which of them it comes from."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: ClassVar[str]
    subject_field: ClassVar[str]
    dataversion: ClassVar[int] = 1
    is_kept: ClassVar[bool] = True
    sources: ClassVar[tuple[str, ...]] = ()
    publisher_field: ClassVar[str] = ""

    @classmethod
    def publishers(cls) -> tuple[str, ...]:
        """The services that may publish it: `source`, or several `sources`."""
        return cls.sources or (cls.source,)

    @property
    def publisher(self) -> str:
        """The service that publishes this one."""
        return str(getattr(self, self.publisher_field)) if self.publisher_field else self.source

    @property
    def subject(self) -> str:
        """The aggregate's id; events of one subject are published in the order they were committed."""
        return str(getattr(self, self.subject_field))


def leaves(parent: type[Event]) -> list[type[Event]]:
    """The event classes below a parent."""
    children = parent.__subclasses__()
    return [leaf for child in children for leaf in leaves(child)] if children else [parent]
