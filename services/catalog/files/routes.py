"""/api/v1/files: uploads by instructors, downloads by whoever may read the lesson."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from services.catalog.files import library, uploads
from services.catalog.files.names import attachment
from services.catalog.files.schemas import UPLOAD_BODY, FileRead
from services.catalog.settings import Settings
from services.catalog.visitors import Visitor
from shared.auth import OPTIONAL, Actor, require
from shared.database import SessionDep
from shared.errors import Invalid, Problem
from shared.limits import refusals
from shared.routing import AcademyRouter
from shared.slots import needs
from shared.storage import Storage, protected_path

router = AcademyRouter(prefix="/api/v1/files", tags=["files"])
Author = Annotated[Actor, require("courses:write")]
Reader = Annotated[Actor | None, OPTIONAL]
FIELDS = ("course_id", "lesson_id")
# What a multipart body has besides the file: boundaries, part headers, the two ids.
FORM_BYTES = 16 * 1024
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


class FileTooLarge(Problem):
    status, slug, title = 413, "file-too-large", "This file is too large"

    def __init__(self, limit: int) -> None:
        message = f"must not be larger than {limit} bytes"
        errors = [{"field": "file", "message": message, "code": "file_size"}]
        super().__init__(f"Send a smaller file, or several: a file {message}.", errors=errors)


async def receive_upload(request: Request, _actor: Author) -> AsyncIterator[uploads.Upload]:
    """The multipart body, spooled to a temporary file that ends with the request.

    Read here and not by the framework, which would read it before it knows who is calling, and without a limit.
    """
    limit = request.app.state.settings.upload_max_bytes
    form = await _receive_form(request, limit)
    try:
        yield _read_form(form, limit)
    finally:
        await form.close()


Received = Annotated[uploads.Upload, Depends(receive_upload)]


@router.post(
    "", response_model=FileRead, status_code=201, responses=UPLOAD_REFUSALS, openapi_extra={"requestBody": UPLOAD_BODY}
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
    file = library.get_file(session, file_id, Visitor.of(actor))
    storage: Storage = request.app.state.storage
    headers = {"Content-Disposition": attachment(file.name), **SAFE_DOWNLOAD}
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


async def _receive_form(request: Request, limit: int) -> FormData:
    async def counted() -> AsyncIterator[bytes]:
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit + FORM_BYTES:
                raise FileTooLarge(limit)
            yield chunk

    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Invalid("file", "must be sent as multipart/form-data")
    stream: Any = counted()
    parser = MultiPartParser(request.headers, stream, max_files=1, max_fields=len(FIELDS), max_part_size=FORM_BYTES)
    try:
        return await parser.parse()
    except (MultiPartException, ClientDisconnect) as error:
        raise Invalid("file", f"did not arrive whole and alone ({getattr(error, 'message', 'cut off')})") from error


def _read_form(form: FormData, limit: int) -> uploads.Upload:
    for field in form:
        if field not in (*FIELDS, "file"):
            raise Invalid(field[:100], "is not a field of this form", "extra_forbidden")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("file", "is missing", "missing")
    if not file.size:
        raise Invalid("file", "is empty", "empty")
    if file.size > limit:
        raise FileTooLarge(limit)
    course_id, lesson_id = (_read_id(form, field) for field in FIELDS)
    return uploads.Upload(course_id, lesson_id, file.filename or "", file.content_type or "", file.size, file.file)


def _read_id(form: FormData, field: str) -> UUID:
    try:
        return UUID(str(form.get(field, "")))
    except ValueError as error:
        raise Invalid(field, "must be the id of yours that the file belongs to", "uuid") from error
