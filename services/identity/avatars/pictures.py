"""The picture of a person: taken in, shown to anybody who knows its address, taken away.

Its id is random and new with each picture, so an address can be guessed by nobody and kept by every cache. Bytes are no
part of a transaction, so there are two: the first reserves a row, then the bytes are stored, the second makes the
picture the person's. What breaks in between, and the picture from before, is removed by the sweeper.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.orm import Session

from services.identity import users
from services.identity.audit import Origin
from services.identity.avatars import image_gateway
from services.identity.avatars.image_gateway import NotAPicture
from services.identity.avatars.models import AvatarFile
from services.identity.models import User
from shared import audit
from shared.database import Database
from shared.errors import NotFound, Problem, Unavailable
from shared.storage import Storage
from shared.telemetry import get_logger

log = get_logger(__name__)

# Width and height in pixels by the name in the address.
SIDES = {"large": 256, "small": 64}
MAX_BYTES = 5 * 1024 * 1024
# Longer than any upload takes: a younger one may still be on its way.
UPLOAD_LIMIT = timedelta(hours=1)
BATCH = 100


class WrongPicture(Problem):
    status, slug, title = 415, "wrong-picture", "This picture is not taken"

    def __init__(self, reason: str) -> None:
        errors = [{"field": "body", "message": reason, "code": "picture"}]
        super().__init__(f"Send a PNG, JPEG or WebP picture: what was sent {reason}.", errors=errors)


class PictureTooLarge(Problem):
    status, slug, title = 413, "picture-too-large", "This picture is too large"
    detail = f"Send one of {MAX_BYTES} bytes at most."


class AvatarNotFound(NotFound):
    slug, title = "avatar-not-found", "There is no such picture"
    detail = "It was replaced or taken away; read the profile again for the present one."


def set_avatar(database: Database, storage: Storage, content: bytes, declared: str, origin: Origin) -> None:
    """Makes a picture the caller's. Raises WrongPicture, Unavailable, UserNotFound. The
    route takes a PICTURES slot."""
    assert origin.user_id, "only the signed in have a picture"
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
        user.avatar_id = file.id
        user.version += 1
        audit.record(session, origin, "user.picture_set", user.id)


def remove_avatar(session: Session, origin: Origin) -> None:
    """The caller has no picture any more. None before: nothing to do."""
    assert origin.user_id, "only the signed in have a picture"
    user = users.lock_user(session, origin.user_id)
    if user.avatar_id:
        user.avatar_id = None
        user.version += 1
        audit.record(session, origin, "user.picture_removed", user.id)


def find_file(session: Session, avatar_id: UUID, size: str) -> str:
    """The storage key of somebody's present picture. Raises AvatarNotFound."""
    if not session.scalar(select(exists().where(User.avatar_id == avatar_id))):
        raise AvatarNotFound
    return storage_key(avatar_id, size)


def storage_key(avatar_id: UUID, size: str) -> str:
    """Where one size of a picture is stored."""
    return f"identity/avatars/{avatar_id}-{size}"


def sweep_avatars(database: Database, storage: Storage) -> None:
    """Removes pictures that are nobody's: the bytes first, then the row that remembers them, so that a crash in between
    is repaired by the next run."""
    died = and_(AvatarFile.stored_at.is_(None), AvatarFile.created_at < datetime.now(UTC) - UPLOAD_LIMIT)
    stored = AvatarFile.stored_at.is_not(None)
    unheld = and_(~exists().where(User.avatar_id == AvatarFile.id), or_(stored, died))
    with database.begin() as session:
        found = session.scalars(select(AvatarFile.id).where(unheld).limit(BATCH)).all()
    for avatar_id in found:
        try:
            for size in SIDES:
                storage.delete(storage_key(avatar_id, size))
        # One that cannot be removed must not keep the others; it is tried again in the next run.
        except Exception as error:
            log.warning("picture not removed", avatar_id=str(avatar_id), error=str(error))
            continue
        with database.begin() as session:
            session.execute(delete(AvatarFile).where(AvatarFile.id == avatar_id))


def _put(storage: Storage, key: str, content: bytes) -> None:
    try:
        storage.put(key, content)
    # Whatever the disk or S3 says (full, away, refused), the caller can only try again later.
    except Exception as error:
        log.error("picture not stored", key=key, exc_info=error)
        raise Unavailable("The picture could not be stored. Nothing has changed; try again in a while.") from error
