"""Files of recordings: whole or absent, locked by one, and errors of the disk as ours."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import stat
import warnings
from pathlib import Path

import pytest

from actorbus.errors import ActorBusError, PermissionRefused
from actorbus.journal import files
from actorbus.journal.files import LOCK, Lock, disk, free_name, is_locked, replace
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
    held = Lock(tmp_path)
    assert is_locked(tmp_path)
    with pytest.raises(JournalLocked, match=r"another recorder holds its lock; wait"):
        Lock(tmp_path)
    held.close()
    held.close()
    assert not is_locked(tmp_path)
    Lock(tmp_path).close()


def test_the_lock_outlives_its_file(tmp_path: Path) -> None:
    with contextlib.closing(Lock(tmp_path)):
        (tmp_path / LOCK).unlink()
        assert is_locked(tmp_path)
        with pytest.raises(JournalLocked):
            Lock(tmp_path)


def test_a_child_of_fork_holds_no_lock_of_its_parent(tmp_path: Path) -> None:
    held = Lock(tmp_path)
    there, here = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
    if child == 0:
        os.write(here, b"x")
        signal.pause()
    os.read(there, 1)
    try:
        held.close()
        Lock(tmp_path).close()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(there)
        os.close(here)


def test_where_folders_cannot_be_locked_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock = fcntl.flock

    def files_only(descriptor: int, operation: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "no such lock")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", files_only)
    with contextlib.closing(Lock(tmp_path)):
        assert is_locked(tmp_path)
        with pytest.raises(JournalLocked):
            Lock(tmp_path)


@pytest.mark.parametrize("file", [False, True])
def test_who_looks_for_a_moment_refuses_no_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, file: bool
) -> None:
    looker = os.open(tmp_path / LOCK if file else tmp_path, os.O_CREAT * file)
    fcntl.flock(looker, fcntl.LOCK_SH)
    monkeypatch.setattr(files.time, "sleep", lambda _: fcntl.flock(looker, fcntl.LOCK_UN))
    Lock(tmp_path).close()
    os.close(looker)


def test_names_in_quarantine_are_never_taken_twice(tmp_path: Path) -> None:
    folder = tmp_path / "quarantine"
    names = []
    for _ in range(3):
        path = free_name(folder, "cut")
        path.touch()
        names.append(path.name)
    assert names == ["cut", "cut.1", "cut.2"]
