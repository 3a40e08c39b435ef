"""Steps of the wall clock under two nodes and a driver: messages go on contiguous, or the nodes end and say why.

What Aeron makes of a step (docs/limits.md): forward by less than its timeouts of 10 s, backward, or a clock that
stands, and all goes on; forward by more, and clients take the driver for dead, or it them. Then the nodes end with
DriverLost, which names the step, within `ENDS_WITHIN_S`; the driver stays. Nothing is lost in silence.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from actorbus.transport.cnc import Pulse, read_cnc
from tests.system.processes import SHM, RunningNode, external_driver, wait_for

PARTS = "tests.system.parts"
SOURCE = Path(__file__).resolve().parent.parent / "support" / "stepped_clock.c"
NODES = 2
EXIT_BROKEN = 1
ENDS_WITHIN_S = 8.0
"""Aeron looks at the other side's last sign of life once a second or two; the supervisor four times a second."""
SECOND = 1_000_000_000


class Step(NamedTuple):
    """What happens to the machine's wall clock."""

    seconds: float
    stands: bool = False
    """It stands still for two seconds first."""


class Wall:
    """The settings of a preloaded clock."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.path.write_bytes(struct.pack("<qq", 0, 0))
        self.offset_ns = 0

    def set(self, offset_ns: int, stands_at: int = 0) -> None:
        """Set offset and standstill, in ns."""
        self.offset_ns = offset_ns
        with self.path.open("r+b") as file:
            file.write(struct.pack("<qq", self.offset_ns, stands_at))

    @contextlib.contextmanager
    def preloaded(self, library: Path) -> Iterator[None]:
        """Children started meanwhile have this clock."""
        before = {name: os.environ.get(name) for name in ("LD_PRELOAD", "STEPPED_CLOCK")}
        os.environ.update(LD_PRELOAD=str(library), STEPPED_CLOCK=str(self.path))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def build(folder: Path) -> Path:
    """Compile the clock."""
    library = folder / "stepped_clock.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True)
    return library


def _seen(report: Path) -> dict[str, int]:
    return json.loads(report.read_text()) if report.exists() else {"received": 0, "wrong": 0}


class Pair:
    """A driver, a node that publishes a number every millisecond, a node that checks them; all with settable clocks."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        library = build(folder)
        self.clock = Wall(folder, "wall.clock")
        self.report = folder / "report.json"
        self._said: dict[RunningNode, tuple[int, str]] = {}
        with self.clock.preloaded(library):
            self.directory = stack.enter_context(external_driver())
        driver = {"mode": "external", "directory": str(self.directory)}
        stream = {"channel": "aeron:ipc", "stream_id": 1001, "codec": {"format": "raw"}}
        checks = {"stream": "numbers", "class": f"{PARTS}:Watching", "options": {"report": str(self.report)}}
        paces = {"stream": "numbers", "class": f"{PARTS}:Pacing", "options": {"every_ns": 1_000_000, "size": 64}}
        common = {"version": 1, "driver": driver, "streams": {"numbers": stream}}
        with self.clock.preloaded(library):
            self.reader = RunningNode({**common, "name": "reader", "handlers": {"check": checks}}, folder)
            stack.callback(self.reader.kill)
            self.writer = RunningNode({**common, "name": "writer", "sources": {"pace": paces}}, folder)
            stack.callback(self.writer.kill)
        wait_for(lambda: self.seen()["received"] > 100, 30, "the first messages")

    def seen(self) -> dict[str, int]:
        """What the checker told last."""
        with contextlib.suppress(ValueError):
            return _seen(self.report)
        return {"received": 0, "wrong": 0}

    def ended(self) -> list[tuple[int, str]]:
        """Return the codes of the nodes that ended and what they said."""
        for node in (self.reader, self.writer):
            if node.child.poll() is not None and node not in self._said:
                self._said[node] = (node.child.returncode, node.child.communicate()[1])
        return list(self._said.values())

    def driver_beats(self) -> bool:
        """Whether the driver's heartbeat moves."""
        pulse, seen = Pulse(timeout_ms=0), []

        def moved() -> bool:
            cnc = read_cnc(self.directory)
            seen.append(cnc is not None and pulse.beats(cnc.heartbeat_ms, time.monotonic_ns()))
            return seen.count(True) > 1

        wait_for(moved, 5, "a beat of the driver")
        return True

    def take(self, step: Step) -> None:
        """Let the step happen."""
        if step.stands:
            self.clock.set(self.clock.offset_ns, time.time_ns() + self.clock.offset_ns)
            threading.Event().wait(2.0)
        self.clock.set(self.clock.offset_ns + int(step.seconds * SECOND))


def goes_on(steps: list[Step]) -> str:
    """Take steps that Aeron forgives, one after the other: every message arrives, in order, within 4 s of each.

    Raises:
        AssertionError: a node ended, messages stopped, or one was wrong.
    """
    with tempfile.TemporaryDirectory(dir=SHM) as place, contextlib.ExitStack() as stack:
        pair = Pair(Path(place), stack)
        for step in steps:
            pair.take(step)
            before = pair.seen()["received"]
            wait_for(lambda b=before: pair.seen()["received"] > b + 500 or pair.ended(), 4, f"messages after {step}")
            assert not pair.ended(), f"{step}: {pair.ended()}"
            assert pair.seen()["wrong"] == 0, pair.seen()
        return f"{len(steps)} steps forgiven, {pair.seen()['received']} messages contiguous"


def ends(step: Step) -> str:
    """Take a step that Aeron takes for a death: both nodes end and name the step; no message was wrong until then.

    Raises:
        AssertionError: one did not end in time, or said something else; or the driver ended too.
    """
    with tempfile.TemporaryDirectory(dir=SHM) as place, contextlib.ExitStack() as stack:
        pair = Pair(Path(place), stack)
        pair.take(step)
        began = time.monotonic()
        wait_for(lambda: len(pair.ended()) == NODES, ENDS_WITHIN_S, f"the end of the nodes after {step}")
        seconds = time.monotonic() - began
        for code, said in pair.ended():
            assert code == EXIT_BROKEN, (code, said[-2000:])
            assert "the wall clock stepped by" in said, said[-2000:]
            assert "error[AB2201]" in said, said[-2000:]
        assert pair.seen()["wrong"] == 0, pair.seen()
        assert pair.driver_beats(), "the driver ended"
    return f"{step.seconds:+.0f} s: DriverLost within {seconds:.1f} s"
