"""Blobs: content under its hash, on the disk before anybody is told so."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from storage.blobs import BlobMissing, Blobs, open_blobs


@pytest.mark.parametrize("content", [b"", b"mail", os.urandom(6_000_000)])
async def test_what_is_put_is_got(blobs: Blobs, content: bytes) -> None:
    key = await blobs.put(content)
    assert key == hashlib.sha256(content).hexdigest()
    assert await blobs.get(key) == content


async def test_the_same_content_is_one_file(blobs: Blobs, tmp_path: Path) -> None:
    keys = await asyncio.gather(*(blobs.put(b"same") for _ in range(10)))
    assert len(set(keys)) == 1
    assert [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [keys[0]]


@pytest.mark.parametrize("key", ["0" * 64, "", "../../etc/passwd", "Z" * 64])
async def test_a_missing_key_is_named(blobs: Blobs, key: str) -> None:
    with pytest.raises(BlobMissing) as caught:
        await blobs.get(key)
    assert repr(key) in str(caught.value)


async def test_file_and_folders_are_flushed_before_put_returns(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    key = await blobs.put(b"mail")
    root = (tmp_path / "blobs").resolve()
    assert flushed == [str(root / key[:2] / key), str(root / key[:2]), str(root)]


async def test_a_torn_file_is_mended_by_the_next_put(blobs: Blobs, tmp_path: Path) -> None:
    key = await blobs.put(b"mail")
    (tmp_path / "blobs" / key[:2] / key).write_bytes(b"")
    await blobs.put(b"mail")
    assert await blobs.get(key) == b"mail"


async def test_an_object_store_by_address() -> None:
    remote = open_blobs("memory:///")
    assert await remote.get(await remote.put(b"label")) == b"label"


async def test_a_folder_by_address(tmp_path: Path) -> None:
    key = await open_blobs(f"file://{tmp_path}/a%20b").put(b"label")
    assert await open_blobs(tmp_path / "a b").get(key) == b"label"
