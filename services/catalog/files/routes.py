"""/api/v1/files: uploads by instructors, downloads by whoever may read the lesson."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import FormData

from services.catalog.files import library, uploads
from services.catalog.files.links import INLINE
from services.catalog.files.names import disposition
from services.catalog.files.schemas import UPLOAD_BODY, FileLink, FileRead
from services.catalog.settings import LARGEST_FILE, Settings
from services.catalog.visitors import Visitor
from shared import forms
from shared.auth import OPTIONAL, PUBLIC, Actor, require
from shared.database import SessionDep
from shared.errors import Invalid
from shared.head_requests import is_head
from shared.limits import refusals
from shared.routing import AcademyRouter
from shared.slots import needs
from shared.storage import Storage, protected_path

router = AcademyRouter(prefix="/api/v1/files", tags=["files"])
Author = Annotated[Actor, require("courses:write")]
Reader = Annotated[Actor | None, OPTIONAL]
FIELDS = ("course_id", "lesson_id")
UPLOAD_REFUSALS: dict[int | str, Any] = {
    404: {"description": "There is no such lesson"},
    413: {"description": "The file is larger than a file may be"},
    415: {"description": "Not a PDF, MP4 or ZIP file, whatever it is called"},
    **refusals(uploads.UPLOAD_LIMIT),
}
SAFE_DOWNLOAD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}


async def receive_upload(request: Request, _actor: Author) -> AsyncIterator[uploads.Upload]:
    """The multipart body, spooled to a temporary file that ends with the request."""
    form = await forms.receive_upload(request, FIELDS, "file", request.app.state.settings.upload_max_bytes)
    try:
        yield _read_form(form)
    finally:
        await form.close()


Received = Annotated[uploads.Upload, Depends(receive_upload)]


@router.post(
    "",
    response_model=FileRead,
    status_code=201,
    max_body_size=LARGEST_FILE + forms.AROUND_FILE,
    responses=UPLOAD_REFUSALS,
    openapi_extra={"requestBody": UPLOAD_BODY},
)
@needs(uploads.UPLOADS)
def upload_file(request: Request, upload: Received, actor: Author) -> Any:
    """Hangs a PDF, MP4 or ZIP file on a lesson of mine."""
    state = request.app.state
    settings: Settings = state.settings
    quotas = uploads.Quotas(settings.course_quota_bytes, settings.instructor_quota_bytes)
    return uploads.store_upload(state.database, state.storage, upload, Visitor.of(actor), quotas)


@router.get("/{file_id}", response_model=FileRead)
def read_file(session: SessionDep, actor: Reader, file_id: UUID) -> Any:
    """What there is to know about a file; for whoever may read its lesson."""
    return library.get_file(session, file_id, Visitor.of(actor))


@router.delete("/{file_id}", status_code=204)
def delete_file(session: SessionDep, actor: Author, file_id: UUID) -> None:
    """Removes a file of mine."""
    library.delete_file(session, file_id, Visitor.of(actor))


@router.get("/{file_id}/content", response_class=Response)
def download_file(request: Request, session: SessionDep, actor: Reader, file_id: UUID) -> Response:
    """The file itself, always as a download. From a local disk the gateway sends the bytes."""
    file = library.open_file(session, file_id, Visitor.of(actor), is_read=not is_head(request))
    return _send(request, file, "attachment")


@router.get("/{file_id}/link", response_model=FileLink)
def link_file(request: Request, session: SessionDep, actor: Reader, file_id: UUID) -> Any:
    """A link to the file that works without a token for an hour, for players and viewers. PDF and MP4 files are shown,
    not downloaded, and can be asked for in ranges."""
    file = library.open_file(session, file_id, Visitor.of(actor), is_read=not is_head(request))
    path, expires_at = request.app.state.link_signer.sign(file.id)
    return {"url": request.app.state.settings.public_url + path, "expires_at": expires_at}


@router.get(
    "/{file_id}/media",
    dependencies=[PUBLIC],
    response_class=Response,
    responses={403: {"description": "The link has expired, or was changed"}},
)
def play_file(request: Request, session: SessionDep, file_id: UUID, expires: int, signature: str) -> Response:
    """The file behind a link of `GET /files/{id}/link`. 403 once it has expired."""
    request.app.state.link_signer.check(file_id, expires, signature)
    file = library.get_linked_file(session, file_id)
    return _send(request, file, "inline" if file.content_type in INLINE else "attachment")


def _send(request: Request, file: Any, kind: str) -> Response:
    storage: Storage = request.app.state.storage
    headers = {"Content-Disposition": disposition(kind, file.name), **SAFE_DOWNLOAD}
    if storage.is_local:
        headers["X-Accel-Redirect"] = protected_path(file.storage_key)
        return Response(headers=headers, media_type=file.content_type)
    headers["Content-Length"] = str(file.size)
    return StreamingResponse(_chunks(storage, file.storage_key), headers=headers, media_type=file.content_type)


def _chunks(storage: Storage, key: str) -> Iterator[bytes]:
    """The file in chunks, the first read at once: a missing file must not be found out after the status was sent."""
    chunks = storage.stream(key)
    try:
        first = next(chunks, b"")
    except FileNotFoundError as error:
        raise library.FileNotFound from error

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return all_chunks()


def _read_form(form: FormData) -> uploads.Upload:
    file: Any = form["file"]
    course_id, lesson_id = (_read_id(form, field) for field in FIELDS)
    return uploads.Upload(course_id, lesson_id, file.filename or "", file.content_type or "", file.size, file.file)


def _read_id(form: FormData, field: str) -> UUID:
    try:
        return UUID(str(form.get(field, "")))
    except ValueError as error:
        raise Invalid(field, "must be the id of yours that the file belongs to", "uuid") from error
