"""The picture of a person: taken in, shown to anybody who knows its address, taken away.

Its id is random and new with each picture, so an address can be guessed by nobody and kept by every cache. Bytes are no
part of a transaction, so there are two: the first reserves a row, then the bytes are stored, the second makes the
picture the person's. The picture from before is removed behind the second; what breaks in between, by the cleanup.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from services.identity import users
from services.identity.audit import Origin
from services.identity.avatars import image_gateway
from services.identity.avatars.image_gateway import NotAPicture
from services.identity.avatars.models import AvatarFile
from services.identity.models import User
from shared import audit, limits
from shared.database import Database
from shared.errors import NotFound, Problem, Unavailable
from shared.limits import Limit
from shared.storage import Storage
from shared.sweeping import remove_files
from shared.telemetry import get_logger

log = get_logger(__name__)

# Width and height in pixels by the name in the address.
SIDES = {"large": 256, "small": 64}
MAX_BYTES = 5 * 1024 * 1024
# Longer than any upload takes: a younger one may still be on its way.
UPLOAD_LIMIT = timedelta(hours=1)
IS_UNHELD = ~exists().where(User.avatar_id == AvatarFile.id)

PICTURES = Limit("pictures", "pictures sent", 20, "account", timedelta(hours=1), "Your present picture stays.")


class WrongPicture(Problem):
    status, slug, title = 415, "wrong-picture", "This picture is not taken"

    def __init__(self, reason: str) -> None:
        errors = [{"field": "body", "message": reason, "code": "picture"}]
        super().__init__(f"Send a PNG, JPEG or WebP picture: what was sent {reason}.", errors=errors)


class AvatarNotFound(NotFound):
    slug, title = "avatar-not-found", "There is no such picture"
    detail = "It was replaced or taken away; read the profile again for the present one."


def set_avatar(database: Database, storage: Storage, content: bytes, declared: str, origin: Origin) -> None:
    """Makes a picture the caller's. Raises LimitReached, WrongPicture, Unavailable, UserNotFound.

    The route takes a slot for pictures.
    """
    assert origin.user_id, "only the signed in have a picture"
    # By itself: a picture that is refused has cost as much as another.
    with database.begin() as session:
        limits.use(session, PICTURES, origin.user_id)
    try:
        squares = image_gateway.make_squares(content, declared, tuple(SIDES.values()))
    except NotAPicture as error:
        raise WrongPicture(str(error)) from error
    file = AvatarFile(id=uuid4(), created_at=datetime.now(UTC))
    with database.begin() as session:
        session.add(file)
    for size, square in zip(SIDES, squares, strict=True):
        _put(storage, storage_key(file.id, size), square)
    with database.begin() as session:
        user = users.lock_user(session, origin.user_id)
        session.get_one(AvatarFile, file.id).stored_at = datetime.now(UTC)
        before, user.avatar_id = user.avatar_id, file.id
        users.announce_update(session, user)
        audit.record(session, origin, "user.picture_set", user.id)
    _remove_unheld(database, storage, before)


def remove_avatar(database: Database, storage: Storage, origin: Origin) -> None:
    """The caller has no picture any more. None before: nothing to do."""
    assert origin.user_id, "only the signed in have a picture"
    with database.begin() as session:
        user = users.lock_user(session, origin.user_id)
        before, user.avatar_id = user.avatar_id, None
        if before:
            users.announce_update(session, user)
            audit.record(session, origin, "user.picture_removed", user.id)
    _remove_unheld(database, storage, before)


def find_file(session: Session, avatar_id: UUID, size: str) -> str:
    """The storage key of somebody's present picture. Raises AvatarNotFound."""
    if not session.scalar(select(exists().where(User.avatar_id == avatar_id))):
        raise AvatarNotFound
    return storage_key(avatar_id, size)


def storage_key(avatar_id: UUID, size: str) -> str:
    """Where one size of a picture is stored."""
    return f"identity/avatars/{avatar_id}-{size}"


def sweep_avatars(database: Database, storage: Storage) -> Iterator[None]:
    """Removes pictures that are nobody's: of erased accounts, of uploads that died, and what could not be removed at
    once."""
    died = and_(AvatarFile.stored_at.is_(None), AvatarFile.created_at < datetime.now(UTC) - UPLOAD_LIMIT)
    return remove_files(
        database, storage, AvatarFile, and_(IS_UNHELD, or_(AvatarFile.stored_at.is_not(None), died)), _keys
    )


def _remove_unheld(database: Database, storage: Storage, avatar_id: UUID | None) -> None:
    """Removes a picture that was replaced or taken away. What fails is left to the cleanup: the change is committed."""
    if avatar_id is None:
        return
    try:
        for _ in remove_files(database, storage, AvatarFile, and_(AvatarFile.id == avatar_id, IS_UNHELD), _keys):
            continue
    except Exception as error:
        log.warning("picture left to the cleanup", avatar_id=str(avatar_id), error=str(error))


def _keys(file: Any) -> list[str]:
    return [storage_key(file.id, size) for size in SIDES]


def _put(storage: Storage, key: str, content: bytes) -> None:
    try:
        storage.put(key, content)
    # Whatever the disk or S3 says (full, away, refused), the caller can only try again later.
    except Exception as error:
        log.error("picture not stored", key=key, exc_info=error)
        raise Unavailable("The picture could not be stored. Nothing has changed; try again in a while.") from error
