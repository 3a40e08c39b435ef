"""Files of recordings: whole or absent, locked by one, and errors of the disk as ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from actorbus.errors import ActorBusError, PermissionRefused
from actorbus.journal.files import disk, free_name, is_locked, lock, replace
from actorbus.recording import JournalLocked, OutOfSpace, StorageFailed


@pytest.mark.parametrize(
    ("number", "cls"),
    [
        (errno.ENOSPC, OutOfSpace),
        (errno.EDQUOT, OutOfSpace),
        (errno.EROFS, PermissionRefused),
        (errno.EIO, StorageFailed),
    ],
)
def test_what_the_disk_refuses_is_an_error_of_ours(number: int, cls: type[ActorBusError]) -> None:
    with pytest.raises(cls, match="write x") as raised, disk("write x"):
        raise OSError(number, os.strerror(number))
    assert isinstance(raised.value.__cause__, OSError)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "table"
    replace(path, b"old")
    replace(path, b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table"
    replace(path, b"old")

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageFailed, match="table"):
        replace(path, b"new")
    assert path.read_bytes() == b"old"


def test_the_lock_is_one_writers(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    held = lock(tmp_path)
    assert is_locked(tmp_path)
    with pytest.raises(JournalLocked, match=r"another recorder holds its lock; wait"):
        lock(tmp_path)
    os.close(held)
    assert not is_locked(tmp_path)
    os.close(lock(tmp_path))


def test_names_in_quarantine_are_never_taken_twice(tmp_path: Path) -> None:
    folder = tmp_path / "quarantine"
    names = []
    for _ in range(3):
        path = free_name(folder, "cut")
        path.touch()
        names.append(path.name)
    assert names == ["cut", "cut.1", "cut.2"]
