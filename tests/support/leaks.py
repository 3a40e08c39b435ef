"""What a process holds, to compare two moments: threads, descriptors, mapped files, shared-memory files, memory.

    before = snapshot()
    ...
    assert left_since(before) == []     # or before.difference(snapshot()), at one moment

* A difference lists what is there more than before, one line each; what went away is no leak.
* Threads are the kernel's, so native ones count. A joined Python thread takes a moment more to end: snapshot() waits
  until the set stands still, left_since() until nothing is left or its time is over.
* Descriptors and mappings are compared by what they lead to, not by number or address. Code (shared libraries) is left
  out: an import that comes late is no leak.
* Files that carry the pid of another living process in their path are that one's.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc/self")
SHARED_MEMORY = Path("/dev/shm")
_ENDING = 0x4  # PF_EXITING of the kernel's task flags
_NUMBER = re.compile(r"\d+")
_INODE = re.compile(r":\[\d+\]$")  # socket:[12345]


@dataclass(frozen=True)
class Memory:
    """Resident memory in KiB, by kind."""

    anon_kib: int
    file_kib: int
    shared_kib: int


@dataclass(frozen=True)
class Snapshot:
    """What the process held at one moment."""

    threads: Counter[str]
    descriptors: Counter[str]
    mappings: Counter[str]
    shared_files: Counter[str]
    memory: Memory

    def difference(self, later: Snapshot) -> list[str]:
        """Return a line for each thing that `later` has more of, sorted by kind."""
        pairs = (
            ("thread", self.threads, later.threads),
            ("descriptor", self.descriptors, later.descriptors),
            ("mapping", self.mappings, later.mappings),
            ("shared-memory file", self.shared_files, later.shared_files),
        )
        return [
            f"{kind} {what}" + (f" ({number} more)" if number > 1 else "")
            for kind, before, after in pairs
            for what, number in sorted((after - before).items())
        ]

    def anon_growth_kib(self, later: Snapshot) -> int:
        """Return by how much RssAnon grew; negative when it shrank."""
        return later.memory.anon_kib - self.memory.anon_kib


def snapshot(shared_memory: Path = SHARED_MEMORY) -> Snapshot:
    """Return what this process holds now. Any thread; other threads may go on."""
    return Snapshot(
        threads=Counter(_standing_threads()),
        descriptors=Counter(_descriptors()),
        mappings=Counter(_mappings()),
        shared_files=Counter(_shared_files(shared_memory)),
        memory=memory(),
    )


def left_since(before: Snapshot, within_s: float = 5.0, shared_memory: Path = SHARED_MEMORY) -> list[str]:
    """Return what there is more than `before`, looking until there is nothing more or `within_s` seconds are over."""
    deadline = time.monotonic() + within_s
    while True:
        left = before.difference(snapshot(shared_memory))
        if not left or time.monotonic() > deadline:
            return left


def memory() -> Memory:
    """Return the resident memory of this process."""
    kib = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in (PROC / "status").read_text().splitlines())
        if name in {"RssAnon", "RssFile", "RssShmem"}
    }
    return Memory(kib["RssAnon"], kib["RssFile"], kib["RssShmem"])


def _standing_threads() -> list[str]:
    """Return the names of threads once the same were seen three times in a row; after a second, those of the moment."""
    pause, deadline = threading.Event(), time.monotonic() + 1
    threads, seen = dict(_threads()), 1
    while seen < 3 and time.monotonic() < deadline:
        pause.wait(0.005)
        again = dict(_threads())
        seen = seen + 1 if again == threads else 1
        threads = again
    return list(threads.values())


def _threads() -> Iterator[tuple[str, str]]:
    """Yield id and name."""
    for task in (PROC / "task").iterdir():
        try:
            text = (task / "stat").read_text(errors="replace")
        except OSError:  # it ended
            continue
        name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 1 :].split()
        state, flags = rest[0], int(rest[6])  # fields 3 and 9 of proc(5)
        if state not in {"Z", "X"} and not flags & _ENDING:
            yield task.name, name


def _descriptors() -> Iterator[str]:
    for entry in list((PROC / "fd").iterdir()):
        try:
            yield _INODE.sub("", str(entry.readlink()))
        except OSError:  # the one that listed the folder
            continue


def _mappings() -> Iterator[str]:
    lines = [line.split(maxsplit=5) for line in (PROC / "maps").read_text(errors="replace").splitlines()]
    named = [(fields[1], fields[5]) for fields in lines if len(fields) == 6 and fields[5].startswith("/")]
    code = {path for permissions, path in named if "x" in permissions}
    return (path for _, path in named if path not in code)


def _shared_files(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root, name)
            if not _belongs_to_another(path.relative_to(folder)):
                yield str(path)


def _belongs_to_another(path: Path) -> bool:
    pids = {int(digits) for digits in _NUMBER.findall(str(path))} - {os.getpid(), os.geteuid(), 0}
    return any(pid > 1 and Path("/proc", str(pid)).exists() for pid in pids)
