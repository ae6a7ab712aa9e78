"""Looking into ZIP files before learners unpack them. We never unpack one ourselves."""

import stat
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO

from services.catalog.files.kinds import WrongFileType

MAX_ENTRIES = 1_000
MAX_UNPACKED_BYTES = 500 * 1024 * 1024
MAX_RATIO = 100
CHUNK_BYTES = 1 << 20


def check_archive(content: BinaryIO, size: int) -> None:
    """Passes for an archive of moderate size that unpacks into its own folder. Raises WrongFileType.

    Sizes are counted while inflating: what an archive says about itself may be a lie.
    """
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
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
