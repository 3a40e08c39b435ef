"""The parent's side: a fresh media driver, pinned processes that never outlive it, a folder of their own.

    with rig.driver() as directory:
        answers = rig.run(Side("module:write", {...}, cpu=0), Side("module:read", {...}, cpu=1))

* The driver runs unpinned in a process of its own, one shared thread, as peers' figures were taken.
* A side that fails or is late ends the others; the error has its last words.
* On one core both sides share it, and the report says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import NamedTuple

from actorbus import errors
from actorbus.errors import BrokenError
from actorbus.transport import DriverSettings, ProcessDriver

__all__ = ["Side", "born_on", "cores", "driver", "place", "run", "two_cpus"]

SHM = Path("/dev/shm")  # noqa: S108 - Aeron's files belong into memory; each case makes a private folder there
ROOT = Path(errors.__file__).resolve().parent.parent
MIB = 1 << 20


class Side(NamedTuple):
    """One process of a case."""

    target: str
    """`module:function`; it gets the arguments and returns what JSON can say."""
    arguments: Mapping[str, object]
    cpu: int | None = None
    """Pinned to it; None: the kernel places it."""


def cores() -> list[int]:
    """Return the CPUs this process may use."""
    return sorted(os.sched_getaffinity(0))


def two_cpus() -> tuple[int, int]:
    """Return the CPUs of writer and reader; the same twice when there is one."""
    found = cores()
    return found[0], found[1 % len(found)]


@contextlib.contextmanager
def born_on(cpu: int) -> Generator[None]:
    """Let processes that this thread starts meanwhile run on a CPU: they inherit it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def place() -> Generator[str]:
    """Make a private folder for sockets and words; it is gone at the end."""
    made = tempfile.mkdtemp(prefix="actorbus-bench-", dir=SHM if SHM.is_dir() else None)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def driver(settings: DriverSettings | None = None) -> Generator[str]:
    """Run a fresh media driver; yields its directory. MTU and term length are the channel's."""
    with place() as folder:
        directory = Path(folder) / "driver"
        found = settings or DriverSettings.laptop().with_(idle_park_max_ns=1_000_000, linger_ns=200_000_000)
        with ProcessDriver(directory, found):
            yield str(directory)


def run(*sides: Side, within_s: float = 120.0) -> list[dict[str, object]]:
    """Run processes side by side; returns their answers in order.

    Raises:
        BrokenError: one ended otherwise than with an answer, or none came in time; has its last words.
    """
    deadline = time.monotonic() + within_s
    with contextlib.ExitStack() as ends:
        children = [_start(side, within_s) for side in sides]
        for child in children:
            ends.callback(_end, child)
        said: list[tuple[str, str]] = [("", "")] * len(children)

        def listen(number: int) -> None:
            child = children[number]
            assert child.stdout is not None
            assert child.stderr is not None
            errors_of: list[str] = []
            reader = threading.Thread(target=lambda: errors_of.append(child.stderr.read() if child.stderr else ""))
            reader.start()
            out = child.stdout.read()
            reader.join()
            said[number] = (out, "".join(errors_of))

        listeners = [threading.Thread(target=listen, args=(number,)) for number in range(len(children))]
        for listener in listeners:
            listener.start()
        failed: int | None = None
        while failed is None and any(child.poll() is None for child in children):
            failed = next((n for n, child in enumerate(children) if child.poll() not in (None, 0)), None)
            if time.monotonic() > deadline:
                failed = next(n for n, child in enumerate(children) if child.poll() is None)
            time.sleep(0.02)
        for child in children:
            if failed is not None:
                child.kill()
            child.wait()
        for listener in listeners:
            listener.join()
        failed = next((n for n, child in enumerate(children) if child.returncode), failed) if failed is None else failed
        if failed is not None:
            code, words = children[failed].returncode, said[failed][1].strip()[-1500:]
            raise BrokenError(f"{sides[failed].target} ended with {code}", why=words or "no last words")
    return [json.loads(out.strip().splitlines()[-1]) for out, _ in said]


def _start(side: Side, within_s: float) -> subprocess.Popen[str]:
    arguments = {**side.arguments, "pin": side.cpu, "limit_s": within_s + 5}
    return subprocess.Popen(
        [sys.executable, "-m", "actorbus.bench.side", side.target, json.dumps(arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])},
    )


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()
