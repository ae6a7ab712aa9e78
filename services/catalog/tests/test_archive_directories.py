"""The directory of a ZIP file is looked at only when it is small, whatever the file says about it."""

import io
import struct
import tracemalloc
import zipfile

import pytest

from services.catalog.files.archives import MAX_DIRECTORY_BYTES, MAX_ENTRIES, check_archive
from services.catalog.files.kinds import WrongFileType
from services.catalog.tests.samples import zip_of

ENTRY = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
MANY = 2_000_000
SMALL = zip_of({"small": b"x"})


def end(count: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    """An end record; `count` may be a lie."""
    return (
        struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, size, offset, len(comment)) + comment
    )


def end64(count: int, size: int, offset: int) -> bytes:
    """A ZIP64 end record, its locator, and the old record that points to them."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, offset + size, 1)
    return record + locator + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


@pytest.fixture(scope="module")
def directory() -> bytes:
    return ENTRY * MANY


ENDINGS = {
    "as it is": lambda size: end(MANY, size, 0),
    "no entries": lambda size: end(0, size, 0),
    "one entry": lambda size: end(1, size, 0),
    "comment": lambda size: end(1, size, 0, b"c" * 0xFFFF),
    "zip64": lambda size: end64(MANY, size, 0),
    "zip64, no entries": lambda size: end64(0, size, 0),
    "small record first": lambda size: SMALL + end(1, size + len(SMALL), 0),
    "small record in the comment": lambda size: end(1, size, 0, SMALL[-22:] + b" "),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_two_million_entries_are_refused_before_they_are_read(directory: bytes, ending: str) -> None:
    content = io.BytesIO(directory + ENDINGS[ending](len(directory)))
    tracemalloc.start()
    try:
        with pytest.raises(WrongFileType):
            check_archive(content, len(directory))
        assert tracemalloc.get_traced_memory()[1] < 10 * MAX_DIRECTORY_BYTES
    finally:
        tracemalloc.stop()
    assert content.tell() == 0


def test_an_archive_behind_another_is_judged_by_its_own_directory(directory: bytes) -> None:
    # Programs that unpack go by the last record, as zipfile does.
    content = directory + end(MANY, len(directory), 0) + SMALL
    check_archive(io.BytesIO(content), len(content))


def test_an_honest_archive_of_as_many_entries_as_are_allowed_is_taken() -> None:
    content = zip_of({f"{'folder/' * 40}{number}": b"x" for number in range(MAX_ENTRIES)})
    check_archive(io.BytesIO(content), len(content))


def test_large_entries_are_read_whole() -> None:
    content = zip_of({"a": bytes(range(256)) * 10_000}, zipfile.ZIP_STORED)
    check_archive(io.BytesIO(content), len(content))
