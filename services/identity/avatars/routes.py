"""/api/v1/users/me/avatar and the pictures themselves."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import Response

from services.identity import users
from services.identity.avatars import pictures
from services.identity.avatars.image_gateway import CONTENT_TYPE, FORMATS, PICTURES
from services.identity.dependencies import DatabaseDep, OriginDep
from services.identity.schemas import AccountRead
from shared.auth import PUBLIC, Actor, require
from shared.database import SessionDep
from shared.limits import refusals
from shared.routing import AcademyRouter
from shared.slots import needs
from shared.storage import Storage, protected_path

router = AcademyRouter(prefix="/api/v1/users", tags=["users"])
Account = Annotated[Actor, require("account:use")]
PICTURE_BODY: dict[str, Any] = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS},
}
PICTURE_REFUSALS: dict[int | str, Any] = {
    413: {"description": "Larger than 5 MiB"},
    415: {"description": "Not a PNG or JPEG of at most 25 million pixels, or WebP of 8, whatever it is called"},
    **refusals(pictures.PICTURES),
}
SHOWN: dict[int | str, Any] = {200: {"content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}
# The address of another picture is another one. A day, so that one that was taken away does not live on for ever.
HEADERS = {"Cache-Control": "public, max-age=86400, immutable", "Content-Disposition": "inline"}


async def receive_picture(request: Request, _actor: Account) -> bytes:
    """The body as it is, of at most pictures.MAX_BYTES."""
    return await request.body()


@router.put(
    "/me/avatar",
    response_model=AccountRead,
    max_body_size=pictures.MAX_BYTES,
    responses=PICTURE_REFUSALS,
    openapi_extra={"requestBody": PICTURE_BODY},
)
@needs(PICTURES)
def set_avatar(
    request: Request,
    content: Annotated[bytes, Depends(receive_picture)],
    actor: Account,
    database: DatabaseDep,
    session: SessionDep,
    origin: OriginDep,
) -> Any:
    """Make the body the own picture. Its middle is kept as a square, drawn anew; what came along (EXIF with places) is
    gone."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    pictures.set_avatar(database, request.app.state.storage, content, declared, origin.of(actor))
    return users.read_account(session, actor.user_id, actor.impersonator_id)


@router.delete("/me/avatar", status_code=204)
def remove_avatar(request: Request, actor: Account, database: DatabaseDep, origin: OriginDep) -> None:
    """Take the own picture away."""
    pictures.remove_avatar(database, request.app.state.storage, origin.of(actor))


@router.get("/avatars/{avatar_id}/{size}", response_class=Response, responses=SHOWN, dependencies=[PUBLIC])
def show_avatar(request: Request, avatar_id: UUID, size: Literal["large", "small"], session: SessionDep) -> Response:
    """A picture: 256 pixels wide and high, or 64. From a local disk the gateway sends the bytes."""
    key = pictures.find_file(session, avatar_id, size)
    storage: Storage = request.app.state.storage
    if storage.is_local:
        return Response(headers={**HEADERS, "X-Accel-Redirect": protected_path(key)}, media_type=CONTENT_TYPE)
    return Response(storage.get(key), headers=HEADERS, media_type=CONTENT_TYPE)
