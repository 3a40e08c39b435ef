"""The parent's side: a fresh media driver, pinned processes that never outlive it, a folder of their own.

    with rig.driver() as directory:
        answers = rig.run(Side("module:write", {...}, cpu=0), Side("module:read", {...}, cpu=1))

* The driver is a process of its own, one shared thread. What is on its data path (UDP) wants it to spin on a core that
  nobody else has; elsewhere it parks (as peers' figures were taken), on a third core where there is one.
* A side that fails or is late ends the others; the error says which side it was, by which signal, and its last words.
* On one core both sides share it, and the report says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
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

__all__ = [
    "Side",
    "SideFailed",
    "born_on",
    "cores",
    "driver",
    "ended_by",
    "parking",
    "place",
    "run",
    "spare_cpu",
    "spinning",
    "two_cpus",
]

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


class SideFailed(BrokenError):
    """A process of a case ended otherwise than with an answer."""

    def __init__(self, what: str, *, why: str, side: int) -> None:
        super().__init__(what, why=why)
        self.side = side
        """Its place among the sides."""


def cores() -> list[int]:
    """Return the CPUs this process may use."""
    return sorted(os.sched_getaffinity(0))


def two_cpus() -> tuple[int, int]:
    """Return the CPUs of writer and reader; the same twice when there is one."""
    found = cores()
    return found[0], found[1 % len(found)]


def spare_cpu() -> int | None:
    """Return a CPU beside those of writer and reader, for the driver; None: there is none."""
    found = cores()
    return found[2] if len(found) > 2 else None


def parking() -> DriverSettings:
    """Return a driver that parks at most 1 ms (Aeron's own), on a core of its own where there are three."""
    spare = spare_cpu()
    cpus = {} if spare is None else {"conductor": spare}
    return DriverSettings.laptop().with_(idle_park_max_ns=1_000_000, linger_ns=200_000_000, cpus=cpus)


def spinning(cpu: int) -> DriverSettings:
    """Return a driver that spins on a core: it is nobody else's."""
    return DriverSettings.laptop().with_(idle="busy_spin", linger_ns=200_000_000, cpus={"conductor": cpu})


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
    """Run a fresh media driver, `parking` unless told else; yields its directory."""
    with place() as folder:
        directory = Path(folder) / "driver"
        with ProcessDriver(directory, settings or parking()):
            yield str(directory)


def run(*sides: Side, within_s: float = 120.0) -> list[dict[str, object]]:
    """Run processes side by side; returns their answers in order.

    Raises:
        SideFailed: one ended otherwise than with an answer, or none came in time; has its last words.
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
        late = False
        while failed is None and any(child.poll() is None for child in children):
            failed = next((n for n, child in enumerate(children) if child.poll() not in (None, 0)), None)
            if failed is None and time.monotonic() > deadline:
                late = True
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
            how = f"was late ({within_s:g} s) and killed" if late else ended_by(children[failed].returncode)
            words = said[failed][1].strip()[-1500:] or "no last words"
            raise SideFailed(f"{sides[failed].target} {how}", why=words, side=failed)
    return [json.loads(out.strip().splitlines()[-1]) for out, _ in said]


def ended_by(code: int) -> str:
    """Return how a process ended, in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        number = signal.Signals(-code)
    except ValueError:
        return f"ended by signal {-code}"
    return f"ended by {number.name} ({(signal.strsignal(number) or 'no description').lower()})"


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
