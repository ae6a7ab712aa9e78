"""A small service made of the kernel alone, in live's schema: things that can be made, read, changed and listed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from starlette.responses import StreamingResponse
from uuid_utils.compat import uuid7

from shared import limits, locks
from shared.auth import PUBLIC, Actor, require
from shared.database import ReadDep, SessionDep
from shared.deprecation import deprecated
from shared.errors import Conflict, NotFound
from shared.hot_routes import HotAnswer
from shared.limits import Limit
from shared.pagination import Page, PageDep, cut_page, sort_key
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter
from shared.schemas import Moment
from shared.slots import Slot, needs, require_slot
from shared.testing import Harness

router = AcademyRouter(prefix="/things")
secrets = AcademyRouter(prefix="/secrets", secret=True)
limited = AcademyRouter(prefix="/limited")
Person = Annotated[Actor, require("account:use")]
MOST_RENEWALS = 3
PRESS = Slot("press", size=1, queue=2, share=2, wait_seconds=2.0)
FEW = Limit("things", "things", 2, "account", timedelta(hours=1), "Use what you have.")
NEW = "INSERT INTO things (id, name, version) VALUES (:id, :name, 1)"


class ThingCreate(BaseModel):
    name: str


class ThingRead(BaseModel):
    id: UUID
    name: str
    version: int


@router.post("", status_code=201)
def make_thing(body: ThingCreate, session: SessionDep, actor: Person, pause: float = 0) -> ThingRead:
    """`pause` in seconds, before the commit."""
    thing = insert(session, body.name)
    session.execute(text("SELECT pg_sleep(:pause)"), {"pause": pause})
    if body.name == "refused":
        raise Conflict
    if body.name == "broken":
        raise RuntimeError("a defect after the write")
    if body.name == "uncommittable":
        # The deferred constraint is checked by COMMIT, after the route has returned.
        session.execute(
            text("INSERT INTO things (id, name, version, twin) VALUES (:a, :name, 1, :a), (:b, :name, 1, :a)"),
            {"a": uuid7(), "b": uuid7(), "name": body.name},
        )
    return thing


@limited.post("", status_code=201, responses=limits.refusals(FEW))
def make_one_of_few(body: ThingCreate, session: SessionDep, actor: Person, pause: float = 0) -> ThingRead:
    """Two an hour."""
    thing = insert(session, body.name)
    limits.use(session, FEW, actor.user_id)
    session.execute(text("SELECT pg_sleep(:pause)"), {"pause": pause})
    if body.name == "refused":
        raise Conflict
    return thing


@router.get("/since", dependencies=[PUBLIC])
def compare_times(session: SessionDep, since: Moment) -> dict[str, bool]:
    """Whether the database's clock is past it."""
    return {"past": bool(session.scalar(text("SELECT now() > :since"), {"since": since}))}


@router.get("/lost", dependencies=[PUBLIC])
def lose_connection(session: SessionDep) -> dict[str, bool]:
    """The driver finds its connection closed: an InterfaceError."""
    session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]
    session.execute(text("SELECT 1"))
    return {"found": True}


@router.get("/slow", dependencies=[PUBLIC])
def be_slow(session: SessionDep, seconds: float) -> dict[str, bool]:
    """Holds a thread and a connection."""
    session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
    return {"slow": True}


@router.get("/pressed", dependencies=[PUBLIC])
@needs(PRESS)
def press_thing(session: SessionDep, lock: int) -> dict[str, bool]:
    """Works until nobody else holds the service's lock of that number."""
    require_slot(PRESS)
    locks.take_lock(session, str(lock))
    return {"pressed": True}


@router.get("/unannounced", dependencies=[PUBLIC])
def press_unannounced() -> None:
    """Does scarce work, and does not declare it."""
    require_slot(PRESS)


@router.post("/mine", status_code=200)
@needs(PRESS)
def press_mine(session: SessionDep, actor: Person, lock: int) -> dict[str, bool]:
    """As above, for an account."""
    return press_thing(session, lock)


@router.get("/stream", dependencies=[PUBLIC])
async def stream() -> StreamingResponse:
    """Goes on until the caller hangs up."""

    async def beats() -> AsyncIterator[bytes]:
        while True:
            yield b": beat\n\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(beats(), media_type="text/event-stream")


@router.get("/hot/{thing_id}", response_model=ThingRead)
def read_hot_thing(thing_id: UUID, session: ReadDep, actor: Person, page: PageDep) -> HotAnswer:
    """As often as anything."""
    return HotAnswer(_find(session, thing_id)._asdict())


@router.post("/hot/{thing_id}/renew", response_model=ThingRead)
def renew_hot_thing(thing_id: UUID, session: SessionDep, actor: Person, name: str = "renewed") -> HotAnswer:
    """A write, refused when the name says so."""
    values = {"id": thing_id, "name": name}
    session.execute(text("UPDATE things SET name = :name, version = version + 1 WHERE id = :id"), values)
    found = _find(session, thing_id)
    if found.version > MOST_RENEWALS:
        raise Conflict
    return HotAnswer(found._asdict())


@secrets.post("")
def make_secret(body: ThingCreate, session: SessionDep, actor: Person) -> ThingRead:
    """Shown once."""
    return insert(session, body.name)


@router.get("", dependencies=[PUBLIC])
def list_things(session: SessionDep, page: PageDep, name: str) -> Page[ThingRead]:
    """Those of a name, oldest first."""
    (after,) = sort_key(page, UUID) or (UUID(int=0),)
    rows = session.execute(
        text("SELECT id, name, version FROM things WHERE name = :name AND id > :after ORDER BY id LIMIT :limit"),
        {"name": name, "after": after, "limit": page.limit + 1},
    ).all()
    items, next_cursor = cut_page(rows, page, lambda row: (row.id,))
    return Page(items=[ThingRead(**row._mapping) for row in items], next_cursor=next_cursor)


@router.get("/first", dependencies=[PUBLIC])
@deprecated(since=date(2027, 1, 1), sunset=date(2027, 7, 1), successor="/things")
def list_first_things(session: SessionDep, page: PageDep, name: str) -> Page[ThingRead]:
    """An old way to list them."""
    return list_things(session, page, name)


@router.get("/{thing_id}", dependencies=[PUBLIC])
def read_thing(thing_id: UUID, session: SessionDep) -> ThingRead:
    """One thing."""
    return _lock(session, thing_id)


@router.patch("/{thing_id}")
def rename_thing(thing_id: UUID, body: ThingCreate, session: SessionDep, actor: Person, expected: IfMatch) -> ThingRead:
    """A new name, a new version."""
    expected.check(_lock(session, thing_id).version)
    session.execute(
        text("UPDATE things SET name = :name, version = version + 1 WHERE id = :id"),
        {"name": body.name, "id": thing_id},
    )
    return _lock(session, thing_id)


def _find(session: Any, thing_id: UUID) -> Any:
    found = session.execute(text("SELECT id, name, version FROM things WHERE id = :id"), {"id": thing_id}).first()
    if found is None:
        raise NotFound
    return found


def insert(session: Any, name: str) -> ThingRead:
    thing = ThingRead(id=uuid7(), name=name, version=1)
    session.execute(text(NEW), {"id": thing.id, "name": name})
    return thing


def _lock(session: Any, thing_id: UUID) -> ThingRead:
    row = session.execute(
        text("SELECT id, name, version FROM things WHERE id = :id FOR UPDATE"), {"id": thing_id}
    ).first()
    if row is None:
        raise NotFound
    return ThingRead(**row._mapping)


def count_things(harness: Harness, name: str) -> int:
    """How many things have that name."""
    with harness.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM things WHERE name = :name"), {"name": name}))
