"""The leak finder finds what is left and nothing else."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import threading
from pathlib import Path

from tests.support.leaks import left_since, snapshot


def test_nothing_left_is_no_difference(tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    with (tmp_path / "file").open("wb") as file:
        file.write(b"x")
    (tmp_path / "file").unlink()
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    assert left_since(before, shared_memory=tmp_path) == []


def test_every_kind_of_thing_left_is_named(tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    release = threading.Event()
    thread = threading.Thread(target=release.wait, args=(30,))
    thread.start()
    path = tmp_path / "file"
    path.write_bytes(bytes(4096))
    descriptor = os.open(path, os.O_RDONLY)
    mapped = mmap.mmap(descriptor, 4096, prot=mmap.PROT_READ)
    left = before.difference(snapshot(tmp_path))
    mapped.close()
    os.close(descriptor)
    path.unlink()
    release.set()
    thread.join(30)
    # Python's mmap keeps a descriptor of its own.
    assert left[1:] == [f"descriptor {path} (2 more)", f"mapping {path}", f"shared-memory file {path}"]
    assert left[0].startswith("thread ")
    assert left_since(before, shared_memory=tmp_path) == []


def test_files_of_another_living_process_are_its_own(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        before = snapshot(tmp_path)
        (tmp_path / f"statistics-{other.pid}-0").touch()
        (tmp_path / f"statistics-{os.getpid()}-0").touch()
        assert before.difference(snapshot(tmp_path)) == [f"shared-memory file {tmp_path}/statistics-{os.getpid()}-0"]
        other.communicate(b"\n")


def test_memory_that_stays_is_growth() -> None:
    before = snapshot()
    kept = b"x" * (64 << 20)  # above glibc's largest mmap threshold: never from memory that is resident already
    assert before.anon_growth_kib(snapshot()) > 63 << 10
    assert len(kept) == 64 << 20
