"""Pictures of people: what is shown is drawn anew, and nothing that is sent hurts."""

import resource
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select
from uuid_utils.compat import uuid7

from services.identity.avatars.models import AvatarFile
from services.identity.avatars.pictures import PICTURES, storage_key
from services.identity.models import User
from services.identity.privacy.own_data import anonymize_user
from services.identity.tests.people import Person, new_person, run_job
from services.identity.tests.samples import bomb, gif_bomb, huge_webp, photo, picture, png
from shared.storage import Storage
from shared.testing import Harness
from shared.testing.limits import assert_refused, end_period, use_up

AVATAR = "/api/v1/users/me/avatar"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
# Values of EXIF's Orientation, and where the red half comes to stand.
RED_ON_TOP_TURNED = [(1, "top", "bottom"), (3, "bottom", "top"), (6, "right", "left"), (8, "left", "right")]
HTML = b"<!DOCTYPE html><script>alert(1)</script>"


def send(person: Person, content: bytes, declared: str) -> Any:
    return person.browser.request("PUT", AVATAR, content=content, headers={"Content-Type": declared})


def stored(identity: Harness, address: str) -> bytes:
    """What nginx sends for an address."""
    answer = identity.client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/webp"
    storage: Storage = identity.app.state.storage
    return storage.get(answer.headers["x-accel-redirect"].removeprefix("/protected/"))


def shown(identity: Harness, person: Person, size: str = "large") -> Image.Image:
    address = person.me().json()["avatar"][size]
    return Image.open(BytesIO(stored(identity, address)))


def colour(square: Image.Image, side: str) -> str:
    points = {"top": (128, 8), "left": (8, 128), "bottom": (128, 248), "right": (248, 128)}
    pixel: Any = square.convert("RGB").getpixel(points[side])
    return "red" if pixel[0] > 200 else "blue"


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "L"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
def test_a_picture_becomes_two_squares(identity: Harness, person: Person, kind: str, mode: str) -> None:
    assert person.me().json()["avatar"] is None
    answer = send(person, picture(kind, mode=mode), f"image/{kind.lower()}")
    assert answer.status_code == 200, answer.text
    assert answer.json() == person.me().json()
    large, small = shown(identity, person), shown(identity, person, "small")
    assert (large.size, small.size) == ((256, 256), (64, 64))
    if mode in ("RGB", "RGBA", "P", "CMYK"):
        assert (colour(large, "top"), colour(large, "bottom")) == ("red", "blue")


@pytest.mark.parametrize(("orientation", "red", "blue"), RED_ON_TOP_TURNED)
def test_a_photo_is_turned_and_forgets_where_it_was_taken(
    identity: Harness, person: Person, orientation: int, red: str, blue: str
) -> None:
    taken = photo(orientation)
    assert b"Exif" in taken
    assert b"script" in taken
    assert send(person, taken, "image/jpeg").status_code == 200
    square = shown(identity, person)
    assert (colour(square, red), colour(square, blue)) == ("red", "blue")
    content = stored(identity, person.me().json()["avatar"]["large"])
    assert not [word for word in (b"Exif", b"EXIF", b"XMP", b"script") if word in content]
    assert not square.getexif()


def test_a_picture_has_an_address_of_its_own_that_caches_keep(identity: Harness, person: Person) -> None:
    version = person.me().json()["version"]
    first = send(person, picture("PNG"), "image/png").json()
    second = send(person, picture("PNG"), "image/png").json()
    assert (first["version"], second["version"]) == (version + 1, version + 2)
    assert first["avatar"]["large"] != second["avatar"]["large"]
    answer = identity.client.get(second["avatar"]["large"])
    assert answer.headers["cache-control"] == "public, max-age=86400, immutable"
    assert answer.headers["content-disposition"] == "inline"
    replaced = identity.client.get(first["avatar"]["large"])
    assert (replaced.status_code, replaced.json()["type"]) == (404, "urn:academy:problem:avatar-not-found")
    assert identity.client.get(f"/api/v1/users/avatars/{uuid7()}/large").status_code == 404
    assert identity.client.get(second["avatar"]["large"].replace("large", "huge")).status_code == 422


def test_an_instructors_picture_is_part_of_the_public_profile(identity: Harness) -> None:
    instructor = new_person(identity, "instructor")
    avatar = send(instructor, picture("WEBP"), "image/webp").json()["avatar"]
    profile = identity.client.get(f"/api/v1/users/{instructor.id}/profile").json()
    assert profile["avatar"] == avatar


def root_of(identity: Harness) -> Path:
    return Path(urlsplit(identity.app.state.settings.storage_url).path)


def key_of(identity: Harness, address: str) -> str:
    """Where the picture of an address is stored."""
    key: str = identity.client.get(address).headers["x-accel-redirect"].removeprefix("/protected/")
    return key


def files(identity: Harness) -> set[str]:
    """The keys of all stored pictures."""
    root = root_of(identity)
    return {str(path.relative_to(root)) for path in (root / "identity").rglob("*") if path.is_file()}


def test_a_picture_leaves_with_the_change_that_replaces_it_or_takes_it_away(identity: Harness, person: Person) -> None:
    before = files(identity)
    for _ in range(3):
        shown_now = send(person, picture("PNG"), "image/png").json()["avatar"]
        assert files(identity) - before == {key_of(identity, shown_now[size]) for size in ("large", "small")}
    assert person.browser.delete(AVATAR).status_code == 204
    assert files(identity) == before
    with identity.database.begin() as session:
        rows = session.scalars(select(AvatarFile.id).where(AvatarFile.stored_at.is_not(None)))
        assert not [id for id in rows if str(id) in shown_now["large"]]


def test_more_pictures_than_an_account_may_set_in_an_hour_are_refused_unseen(identity: Harness, person: Person) -> None:
    use_up(identity, PICTURES, person.id, left=2)
    assert send(person, b"no picture", "image/png").status_code == 415, "this one counts"
    avatar = send(person, picture("PNG"), "image/png").json()["avatar"]
    before = files(identity)
    assert_refused(send(person, picture("PNG"), "image/png"), PICTURES)
    assert_refused(send(person, b"no picture", "image/png"), PICTURES)
    assert (person.me().json()["avatar"], files(identity)) == (avatar, before)
    assert send(new_person(identity), picture("PNG"), "image/png").status_code == 200
    end_period(identity, PICTURES, person.id)
    assert send(person, picture("PNG"), "image/png").status_code == 200


def test_of_two_pictures_at_once_at_the_limit_one_is_taken(identity: Harness, person: Person) -> None:
    use_up(identity, PICTURES, person.id, left=1)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: send(person, picture("PNG"), "image/png"), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 429]


def test_the_cleanup_removes_all_that_is_nobodys_but_what_cannot_be_removed(identity: Harness) -> None:
    storage: Storage = identity.app.state.storage
    unheld = [AvatarFile(id=uuid4(), created_at=datetime.now(UTC), stored_at=datetime.now(UTC)) for _ in range(250)]
    ids = {file.id for file in unheld}
    stuck = min(ids)
    # A folder in place of the file: the disk refuses to remove it.
    storage.put(f"{storage_key(stuck, 'large')}/within", b"x")
    storage.put(storage_key(max(ids), "large"), b"x")
    with identity.database.begin() as session:
        session.add_all(unheld)
    run_job(identity, "sweep-avatars")
    with identity.database.begin() as session:
        assert set(session.scalars(select(AvatarFile.id).where(AvatarFile.id.in_(ids)))) == {stuck}
    assert storage_key(max(ids), "large") not in files(identity)
    storage.delete(f"{storage_key(stuck, 'large')}/within")
    (root_of(identity) / storage_key(stuck, "large")).rmdir()
    run_job(identity, "sweep-avatars")
    with identity.database.begin() as session:
        assert session.get(AvatarFile, stuck) is None


def test_an_upload_that_died_half_way_is_removed_an_hour_later(identity: Harness) -> None:
    young, old = AvatarFile(id=uuid7()), AvatarFile(id=uuid7())
    old.created_at, young.created_at = datetime.now(UTC) - timedelta(minutes=61), datetime.now(UTC)
    with identity.database.begin() as session:
        session.add_all([young, old])
    run_job(identity, "sweep-avatars")
    with identity.database.begin() as session:
        left = set(session.scalars(select(AvatarFile.id).where(AvatarFile.id.in_([young.id, old.id]))))
        assert left == {young.id}


TRICKS = {
    "svg": (SVG, "image/svg+xml"),
    "svg declared png": (SVG, "image/png"),
    "html declared jpeg": (HTML, "image/jpeg"),
    "gif": (picture("GIF"), "image/gif"),
    "gif bomb declared png": (gif_bomb(), "image/png"),
    "png declared jpeg": (picture("PNG"), "image/jpeg"),
    "png declared nothing": (picture("PNG"), ""),
    "png declared html": (picture("PNG"), "text/html"),
    "png behind html": (HTML + picture("PNG"), "image/png"),
    "tiff declared png": (picture("TIFF"), "image/png"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image/png"),
    "png cut off": (picture("PNG", (400, 400))[:-60], "image/png"),
    "jpeg cut off": (photo(1)[:400], "image/jpeg"),
    "webp cut off": (picture("WEBP")[:40], "image/webp"),
    "png without pixels": (png(10, 10, b""), "image/png"),
    "png of nothing": (png(0, 0, b""), "image/png"),
    "png that lies": (png(60_000, 60_000, b"x"), "image/png"),
    "webp that lies": (huge_webp(), "image/webp"),
    "webp of too many pixels": (picture("WEBP", (3000, 3000), lossless=True), "image/webp"),
    "empty": (b"", "image/png"),
    "noise": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "image/png"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_is_no_picture_is_refused_and_nothing_changes(identity: Harness, person: Person, trick: str) -> None:
    content, declared = TRICKS[trick]
    answer = send(person, content, declared)
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:academy:problem:wrong-picture")
    assert answer.json()["errors"][0]["field"] == "body"
    assert person.me().json()["avatar"] is None


def test_a_polyglot_keeps_its_pixels_only(identity: Harness, person: Person) -> None:
    assert send(person, picture("JPEG") + HTML + b"PK\x03\x04" + bytes(100), "image/jpeg").status_code == 200
    content = stored(identity, person.me().json()["avatar"]["large"])
    assert b"script" not in content
    assert b"PK" not in content


def test_a_bomb_is_refused_by_its_header_and_the_largest_picture_needs_little_memory(person: Person) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = send(person, bomb(20_000), "image/png")
    assert (refused.status_code, "pixels" in refused.json()["detail"]) == (415, True)
    largest = picture("PNG", (5000, 5000), "RGBA")
    assert len(largest) < 5 << 20
    assert send(person, largest, "image/png").status_code == 200
    widest = picture("WEBP", (4000, 2000), lossless=True)
    assert send(person, widest, "image/webp").status_code == 200
    # Kilobytes. The test has the largest picture in memory as well, while it draws it: 75 and 100 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def test_more_than_five_mebibytes_are_not_even_read(person: Person) -> None:
    answer = send(person, picture("PNG") + bytes(5 << 20), "image/png")
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:academy:problem:content-too-large")


def test_an_account_that_is_erased_has_no_picture(identity: Harness, person: Person) -> None:
    address = send(person, picture("PNG"), "image/png").json()["avatar"]["large"]
    with identity.database.begin() as session:
        anonymize_user(session, session.get_one(User, person.id))
    assert identity.client.get(address).status_code == 404
