"""Raw mails, attachments and labels: bytes under the hash of their content, in a folder or an object store."""

import asyncio
import hashlib
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

_KEY_LENGTH = 64
"""Hexadecimal digits of a SHA-256."""


class BlobMissing(LookupError):
    """Nothing is stored under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no blob is stored under {key!r}; the data folder or bucket is incomplete or another one")
        self.key = key


class Blobs:
    """Content by its SHA-256. The same content is one object, so that putting it again changes nothing."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, content: bytes) -> str:
        """Stores `content` and returns its key. When this returns, a loss of power does not lose it.

        Raises obstore.exceptions.BaseError or OSError where it could not be stored.
        """
        key = await asyncio.to_thread(_digest, content)
        place = _place(key)
        await obstore.put_async(self._store, place, content)
        if self._folder is not None:
            await asyncio.to_thread(_flush, self._folder, place)
        return key

    async def get(self, key: str) -> bytes:
        """The content under `key`.

        Raises BlobMissing where there is none, or where `key` is no key.
        """
        if len(key) != _KEY_LENGTH or not set(key) <= set("0123456789abcdef"):
            raise BlobMissing(key)
        try:
            result = await obstore.get_async(self._store, _place(key))
            return bytes(await result.bytes_async())
        except (NotFoundError, FileNotFoundError):
            raise BlobMissing(key) from None


def open_blobs(url_or_folder: str | Path) -> Blobs:
    """Opens a local folder (made if missing), or `s3://`, `gs://`, `az://` with the credentials of the environment."""
    text = str(url_or_folder)
    if isinstance(url_or_folder, str) and "://" in text and not text.startswith("file://"):
        return Blobs(from_url(text))
    folder = Path(unquote(urlsplit(text).path)) if text.startswith("file://") else Path(url_or_folder)
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    _flush_path(folder.parent)
    return Blobs(LocalStore(prefix=folder), folder)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _place(key: str) -> str:
    return f"{key[:2]}/{key}"


def _flush(folder: Path, place: str) -> None:
    """A renamed file survives a loss of power only once its folder is flushed too (fsync(2), Notes)."""
    file = folder / place
    for path in (file, file.parent, folder):
        _flush_path(path)


def _flush_path(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
