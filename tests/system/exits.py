"""Every way out of a process that has a node: it ends in time, with its code, and leaves nothing in shared memory.

    python -m tests.system.exits SCENARIO     the child of the scenarios that are no `actorbus run`

A child prints `ready` when it is where it should be hurt. Bound: EXIT_S from the signal (or from `ready`) to its end.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

import actorbus as ab
from actorbus.transport import wait_for_driver
from tests.system.processes import SHM, environment, external_driver, free_port

EXIT_S = 3.0
START_S = 30.0


class Ticks(ab.Source[bytes]):
    """Never ends; says once that it runs."""

    def __init__(self, *, every: float = 0.0) -> None:
        self.every = every

    def produce(self) -> Iterator[bytes]:
        number, pause = 0, threading.Event()
        while True:
            if number == 2:
                print("ready", file=sys.stderr, flush=True)
            yield number.to_bytes(8, "little")
            number += 1
            if self.every:
                pause.wait(self.every)


class Counts(ab.Handler):
    """Counts; and says that it is there, for a stream that nobody here publishes to."""

    def __init__(self, *, tell: bool = False) -> None:
        self.count = 0
        self.tell = tell

    def on_start(self) -> None:
        if self.tell:
            print("ready", file=sys.stderr, flush=True)

    @ab.on(bytes)
    def take(self, body: bytes) -> None:
        self.count += 1


class Case(NamedTuple):
    """One run of one way out."""

    name: str
    code: tuple[int, ...]
    start: Callable[[Path], list[str]]
    signals: tuple[int, ...] = ()
    needs_driver: bool = False


def topology(*, source: bool = True, every: float = 0.0, driver: dict[str, object] | None = None) -> dict[str, object]:
    """Return one stream with its handler, and a source that never ends."""
    values: dict[str, object] = {
        "version": 1,
        "name": "exits",
        "streams": {"s": {"stream_id": 1, "codec": {"format": "raw"}}},
        "handlers": {"h": {"stream": "s", "class": "tests.system.exits:Counts", "options": {"tell": not source}}},
    }
    if source:
        values["sources"] = {"t": {"stream": "s", "class": "tests.system.exits:Ticks", "options": {"every": every}}}
    if driver is not None:
        values["driver"] = driver
    return values


def run(values: dict[str, object], folder: Path) -> list[str]:
    """Return the command line of `actorbus run` for a topology."""
    file = folder / "exits.yaml"
    file.write_bytes(msgspec.json.encode(values))
    return ["-m", "actorbus", "run", str(file), "--summary", "json"]


def running(*, every: float = 0.0) -> Callable[[Path], list[str]]:
    """Return the command line of a run with an embedded driver."""

    def start(folder: Path) -> list[str]:
        return run(topology(every=every), folder)

    return start


def child(scenario: str) -> Callable[[Path], list[str]]:
    """Return the command line of a scenario of this file."""
    return lambda _folder: ["-m", "tests.system.exits", scenario]


def missing_driver(folder: Path) -> list[str]:
    """Return a run that waits for a driver which is not there."""
    return run(topology(driver={"mode": "external", "directory": str(folder / "nowhere")}), folder)


CASES = (
    Case("normal end", (0,), child("normal")),
    Case("sys.exit(3)", (3,), child("exit3")),
    Case("uncaught exception", (1,), child("raise")),
    Case("SIGINT", (130,), running(every=0.01), (signal.SIGINT,)),
    Case("SIGTERM under run", (0,), running(every=0.01), (signal.SIGTERM,)),
    Case("atexit", (0,), child("forgotten")),
    Case("atexit of a driver process", (0,), child("forgotten_process")),
    Case("during poll, SIGTERM", (0,), running(), (signal.SIGTERM,)),
    Case("during poll, SIGINT", (130,), running(), (signal.SIGINT,)),
    Case("in the application's own loop, SIGINT", (-signal.SIGINT,), child("loop"), (signal.SIGINT,)),
    Case("during connect, SIGINT", (130,), missing_driver, (signal.SIGINT,)),
    Case("during connect, SIGTERM", (0,), missing_driver, (signal.SIGTERM,)),
    Case("driver already dead", (0, 1), running(), (signal.SIGTERM,), needs_driver=True),
)


def left_by(pid: int) -> list[str]:
    """Return what carries the process's id in shared memory."""
    mark = f"-{pid}-"
    return [str(path) for path in SHM.rglob("*") if mark in path.name]


def _hear_ctrl_c() -> None:
    """A shell starts what it runs in the background with SIGINT ignored, and children inherit that; a handler, not."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def go(case: Case) -> float:
    """Run one case; returns the seconds its end took. AssertionError with what went wrong."""
    _hear_ctrl_c()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        arguments = case.start(folder)
        driver: subprocess.Popen[bytes] | None = None
        if case.needs_driver:
            driver, directory = stack.enter_context(killable_driver())
            arguments = run(topology(every=0.01, driver={"mode": "external", "directory": str(directory)}), folder)
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        said = Said(process)
        stack.callback(said.close)
        if "connect" in case.name:
            said.wait_running(process, START_S)
        else:
            said.wait_ready(START_S)
        if driver is not None:
            driver.kill()
            driver.wait()
        began = time.monotonic()
        for number in case.signals:
            process.send_signal(number)
        try:
            code = process.wait(EXIT_S + 7)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{case.name}: still there after {EXIT_S + 7:g} s; {said.text()}") from None
        took = time.monotonic() - began
        text = said.text()
    assert code in case.code, f"{case.name}: ended with {code}, expected {case.code}: {text}"
    assert took <= EXIT_S, f"{case.name}: took {took:.1f} s: {text}"
    assert not left_by(process.pid), f"{case.name}: left {left_by(process.pid)}"
    return took


class Said:
    """What a child writes to its error output, read on a thread."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._lines: list[str] = []
        self._ready = threading.Event()
        self._process = process
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._drain, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.append(line.decode(errors="replace"))
            if line.strip() == b"ready":
                self._ready.set()
        self._ready.set()

    def _drain(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.read()

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until it said so."""
        assert self._ready.wait(timeout_s), f"not ready within {timeout_s:g} s: {self.text()}"
        assert "ready\n" in self._lines, f"ended before it was ready, with {self._process.poll()}: {self.text()}"

    def wait_running(self, process: subprocess.Popen[bytes], timeout_s: float) -> None:
        """Wait until it has asked for the Aeron library, which it does just before it looks for the driver."""
        maps, deadline = Path(f"/proc/{process.pid}/maps"), time.monotonic() + timeout_s
        pause = threading.Event()
        while process.poll() is None and "pyaeron" not in maps.read_text() and "libaeron" not in maps.read_text():
            if "_native.abi3.so" in maps.read_text() and Path(f"/proc/{process.pid}/task").exists():
                threads = len(list(Path(f"/proc/{process.pid}/task").iterdir()))
                if threads > 1:  # the session supervisor opens
                    pause.wait(0.2)
                    return
            assert time.monotonic() < deadline, f"does not connect within {timeout_s:g} s: {self.text()}"
            pause.wait(0.01)

    def close(self) -> None:
        """End the child, whatever it does, and its readers."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(5)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def text(self) -> str:
        """Return the end of it."""
        if self._process.poll() is not None:
            for reader in self._readers:
                reader.join(5)
        return "".join(self._lines)[-2000:]


@contextlib.contextmanager
def killable_driver(*arguments: str) -> Generator[tuple[subprocess.Popen[bytes], Path]]:
    """Run `actorbus driver`, and hand out its process to be killed; its folder is removed at the end."""
    import shutil

    place = Path(tempfile.mkdtemp(prefix="actorbus-test-", dir=SHM))
    directory = place / "driver"
    process = subprocess.Popen(
        [sys.executable, "-m", "actorbus", "driver", "--directory", str(directory), *arguments],
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_driver(directory, time.monotonic_ns() + int(START_S * 1e9))
        yield process, directory
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(place, ignore_errors=True)


def matrix(times: int) -> str:
    """Run every case so many times; returns the figure."""
    worst = 0.0
    for _ in range(times):
        for case in CASES:
            worst = max(worst, go(case))
    return f"{len(CASES)} ways out x {times}: each with its code, nothing left, the slowest {worst:.2f} s"


# -- the children ------------------------------------------------------------------------------------------------------


def _open(**more: object) -> ab.Node:
    node = ab.Node.from_dict({**topology(every=0.01), **more})
    node.open()
    return node


def run_child(scenario: str) -> None:
    match scenario:
        case "normal":
            with ab.Node.from_dict(topology(every=0.01)):
                _breathe()
        case "exit3":
            with ab.Node.from_dict(topology(every=0.01)):
                _breathe()
                sys.exit(3)
        case "raise":
            with ab.Node.from_dict(topology(every=0.01)):
                _breathe()
                raise ValueError("nobody catches this")
        case "forgotten":
            globals()["kept"] = _open()
            _breathe()
        case "forgotten_process":
            globals()["kept"] = _open(driver={"mode": "process"})
            _breathe()
        case "loop":
            with ab.Node.from_dict(topology(every=0.001)) as node, node.subscribe("s", bytes) as messages:
                for _ in messages:
                    pass
        case _:
            raise SystemExit(f"no scenario {scenario}")


def _breathe() -> None:
    threading.Event().wait(0.2)


__all__ = ["CASES", "Case", "external_driver", "free_port", "go", "killable_driver", "left_by", "matrix"]

if __name__ == "__main__":
    # The module the topologies name, not __main__.
    import importlib

    importlib.import_module("tests.system.exits").run_child(sys.argv[1])
