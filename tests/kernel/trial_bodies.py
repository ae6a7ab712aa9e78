"""Routes of the trial service that take bodies of several kinds and lengths."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel, SecretStr
from starlette.datastructures import FormData

from shared.auth import PUBLIC
from shared.bodies import MARKDOWN_LIMIT
from shared.database import SessionDep
from shared.forms import form_body, receive_upload
from shared.routing import AcademyRouter
from shared.schemas import Input, Name
from tests.kernel.trial_service import Person, ThingRead, insert

notes = AcademyRouter(prefix="/notes")
forms = AcademyRouter(prefix="/forms")
SMALL_LIMIT = 100


class NoteCreate(Input):
    name: Name


@notes.post("")
def make_note(body: NoteCreate, session: SessionDep, actor: Person) -> ThingRead:
    """With the checks that a real service has."""
    return insert(session, body.name)


@notes.post("/short", max_body_size=SMALL_LIMIT)
def make_short_note(body: NoteCreate, session: SessionDep, actor: Person) -> ThingRead:
    """Takes less than others."""
    return insert(session, body.name)


class LongNote(Input):
    name: str
    numbers: list[int] | None = None


@notes.post("/long", dependencies=[PUBLIC], max_body_size=MARKDOWN_LIMIT)
def measure_note(body: LongNote) -> dict[str, int]:
    """Takes as much as any."""
    return {"length": len(body.name)}


class Secret(BaseModel):
    secret: SecretStr


@notes.post("/secret", dependencies=[PUBLIC])
def measure_secret(body: Secret) -> dict[str, int]:
    """Has no check of its own."""
    return {"length": len(body.secret.get_secret_value().encode())}


@notes.get("/kept")
def read_what_may_be_kept(actor: Person, response: Response) -> dict[str, bool]:
    """Says itself how long."""
    response.headers["Cache-Control"] = "private, max-age=60"
    return {"kept": True}


class NameForm(BaseModel):
    name: str


@forms.post("", dependencies=[PUBLIC])
def fill_in(form: Annotated[NameForm, form_body()]) -> dict[str, str]:
    """A form of one field."""
    return {"name": form.name}


async def receive_titled(request: Request) -> AsyncIterator[FormData]:
    """A file with a title."""
    form = await receive_upload(request, ["title"], "file", 10_000)
    yield form
    await form.close()


@forms.post("/upload", dependencies=[PUBLIC], max_body_size=100_000)
def upload_titled(form: Annotated[FormData, Depends(receive_titled)]) -> dict[str, Any]:
    """A form with a file."""
    file: Any = form["file"]
    return {"title": form["title"], "name": file.filename, "size": file.size}
