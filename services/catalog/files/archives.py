"""Looking into ZIP files before learners unpack them. We never unpack one ourselves."""

import stat
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO

from services.catalog.files.kinds import WrongFileType

MAX_ENTRIES = 1_000
# What zipfile makes an object for each entry of, before anybody can count them: enough for MAX_ENTRIES long names.
MAX_DIRECTORY_BYTES = 400 * MAX_ENTRIES
MAX_UNPACKED_BYTES = 500 * 1024 * 1024
MAX_RATIO = 100
CHUNK_BYTES = 1 << 20


def check_archive(content: BinaryIO, size: int) -> None:
    """Passes for an archive of moderate size that unpacks into its own folder. Raises WrongFileType.

    Sizes are counted while inflating: what an archive says about itself may be a lie.
    """
    content.seek(0)
    guarded = _GuardedFile(content)
    try:
        with zipfile.ZipFile(guarded) as archive:
            guarded.most = None
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise WrongFileType(f"holds more than {MAX_ENTRIES} entries")
            for entry in entries:
                _check_entry(entry)
            _check_unpacked_size(archive, min(MAX_UNPACKED_BYTES, size * MAX_RATIO))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise WrongFileType("is not a readable ZIP archive without a password") from error
    finally:
        content.seek(0)


class _GuardedFile:
    """The file as zipfile reads it: while `most` is set, no more bytes at once.

    zipfile reads the whole central directory by one call. Which end record it goes by (the last of several, one behind
    a comment, ZIP64) and what that record claims does not matter: what is read is what is bounded.
    """

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self.most: int | None = MAX_DIRECTORY_BYTES
        self.seek, self.tell, self.seekable = content.seek, content.tell, content.seekable

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises WrongFileType when there are more than allowed."""
        if self.most is None or 0 <= size <= self.most:
            return self._content.read(size)
        data = self._content.read(self.most + 1)
        if len(data) > self.most:
            raise WrongFileType(f"holds more than {MAX_ENTRIES} entries, or names that are far too long")
        return data


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise WrongFileType("holds an entry that would be unpacked outside of its folder")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise WrongFileType("holds a symbolic link")
    # What learners' systems unpack by themselves; the decoders of the others take memory as the archive wishes.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise WrongFileType("is packed by another method than the usual one (deflate)")


def _check_unpacked_size(archive: zipfile.ZipFile, limit: int) -> None:
    unpacked = 0
    for entry in archive.infolist():
        with archive.open(entry) as member:
            while chunk := member.read(CHUNK_BYTES):
                unpacked += len(chunk)
                if unpacked > limit:
                    raise WrongFileType("unpacks to far more than an honest archive of its size")
