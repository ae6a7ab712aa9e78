"""Files on the local disk or in S3 behind one interface; STORAGE_URL says which: file:///dir or s3://bucket/prefix.

A key is `<service>/<yyyy>/<mm>/<uuid>`: unique, never the uploader's name, in folders that stay listable. S3 takes its
credentials and endpoint from the usual AWS_* variables, the credentials also from secret files.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import obstore
from obstore.store import LocalStore, S3Store
from uuid_utils.compat import uuid7

from shared.secret_files import read_secret

if TYPE_CHECKING:
    from obstore.store import S3Config


class Storage:
    """Stores and reads whole files by key."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "file":
            Path(parts.path).mkdir(parents=True, exist_ok=True)
            self._store: LocalStore | S3Store = LocalStore(parts.path)
        elif parts.scheme == "s3":
            self._store = S3Store(parts.netloc, prefix=parts.path.strip("/") or None, config=_credentials())
        else:
            raise ValueError(f"STORAGE_URL must start with file:// or s3://, not {parts.scheme}://")
        self.is_local = parts.scheme == "file"

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Writes a file whole or not at all."""
        obstore.put(self._store, key, content)

    def get(self, key: str) -> bytes:
        """The file's bytes. Raises FileNotFoundError."""
        return bytes(obstore.get(self._store, key).bytes())

    def stream(self, key: str, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        """The file in chunks. Raises FileNotFoundError."""
        for chunk in obstore.get(self._store, key).stream(min_chunk_size=chunk_bytes):
            yield bytes(chunk)

    def list_keys(self, folder: str) -> Iterator[str]:
        """The keys of all files whose key begins with `folder`, such as `identity/erased/`."""
        for page in obstore.list(self._store, folder):
            yield from (file["path"] for file in page)

    def delete(self, key: str) -> None:
        """Removes the file; a missing one is no error."""
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            # Gone already, which is what delete wants.
            return


def _credentials() -> "S3Config":
    """Those that are set; without any, the machine's own role counts."""
    config: S3Config = {}
    if key_id := read_secret("aws_access_key_id"):
        config["access_key_id"] = key_id
    if key := read_secret("aws_secret_access_key"):
        config["secret_access_key"] = key
    return config


def new_key(service: str) -> str:
    """A fresh key in the service's folder of this month."""
    return f"{service}/{datetime.now(UTC):%Y/%m}/{uuid7()}"


def protected_path(key: str) -> str:
    """The internal location of the gateway for `X-Accel-Redirect`: nginx sends the file, after we authorized it."""
    return f"/protected/{key}"
