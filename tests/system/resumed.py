"""Nodes of their own processes that record what another process publishes, and handle it with `resume`.

    publisher (a process)  -->  driver (a process)  -->  node: recorder --> tape --> handler --> a line a message

The handler writes each message's number and its record's with one write. What it should have handled is what the tape
holds, in its order. Used by tests/system/test_resume.py and tests/prove/resume.py.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import msgspec

import actorbus as ab
from actorbus.codec import unpack
from actorbus.journal import open_recording
from tests.system.processes import ROOT, environment

BATCH = 37
"""Messages of a batch frame."""
PIECE = 100
PAUSE_S = 0.005
DEADLINE_S = 60.0


class Step(ab.Message, type_id=1901, version=1):
    """A numbered message."""

    n: int


class Lines(ab.Handler):
    """Writes one line a message: its number, and its record's."""

    def __init__(self, *, path: str) -> None:
        self._file = Path(path).open("ab", buffering=0)  # noqa: SIM115 - closed in on_stop, or by a kill

    @ab.on(Step)
    def on_step(self, step: Step, meta: ab.Meta) -> None:
        """Write the line."""
        assert meta.recorded is not None
        self._file.write(b"%d %d\n" % (step.n, meta.recorded[0]))

    def on_stop(self) -> None:
        """Close the file."""
        self._file.close()


def topology(folder: Path, driver: str, handler: type[ab.Handler] | None = Lines, **more: object) -> dict[str, object]:
    """Return the topology of a node that records, and handles what it recorded."""
    own = {"stream": "steps", "class": handler, "resume": True, "options": {"path": str(folder / "lines")}, **more}
    return {
        "version": 1,
        "name": "resumed",
        "driver": {"mode": "external", "directory": driver},
        "streams": {
            "steps": {
                "channel": "aeron:ipc?term-length=1m",
                "stream_id": 1901,
                "messages": [Step],
                "back_pressure": {"policy": "block", "timeout": "30s"},
                "not_connected": {"policy": "wait", "timeout": "30s"},
            }
        },
        "recorders": {"tape": {"streams": ["steps"], "directory": str(folder / "tape"), "sync": "none"}},
        "handlers": {} if handler is None else {"lines": own},
    }


def publish(folder: str, driver: str) -> None:
    """Publish until standard input says so: alone and in batch frames, some thousand messages a second."""
    values = topology(Path(folder), driver, None)
    del values["recorders"]
    asked = threading.Event()
    with ab.Node.from_dict(values) as node:
        publisher = node.publisher("steps", Step)
        print("ready", flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), asked.set()), daemon=True).start()
        n = 0
        while not asked.wait(PAUSE_S):
            publisher.publish_many([Step(n + i) for i in range(BATCH)])
            publisher.publish_many(Step(n + i) for i in range(BATCH, PIECE))
            n += PIECE


def run(folder: str, driver: str) -> None:
    """Record and handle until SIGTERM."""
    with ab.Node.from_dict(topology(Path(folder), driver), signals=True) as node:
        print("ready", flush=True)
        node.wait()
    assert node.failed is None, repr(node.failed)


class Child:
    """One of the functions above in a process of its own; it has said that it is ready."""

    def __init__(self, function: str, folder: Path, driver: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; from {__name__} import {function}; {function}(*sys.argv[1:])",
             str(folder), str(driver)],
            cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said == b"ready\n", f"{function} said {said!r} and ended with {self.process.wait(DEADLINE_S)}"

    def end(self, how: signal.Signals | None = None) -> int:
        """Ask it to end, by a signal or by the end of its standard input; return its exit code."""
        if how is not None:
            self.process.send_signal(how)
        try:
            self.process.communicate(timeout=DEADLINE_S)
        finally:
            self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def handled(folder: Path) -> list[tuple[int, int]]:
    """Return number and record of each message handled so far, in order; a line that is being written is left out."""
    path = folder / "lines"
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [(int(n), int(record)) for n, record in (line.split() for line in whole)]


def recorded(folder: Path) -> list[tuple[int, int]]:
    """Return the same of each message in the tape."""
    with open_recording(folder / "tape") as reader:
        return [
            (msgspec.msgpack.decode(body, type=tuple[int, int])[1], record.sequence)
            for record in reader
            for body in unpack(record.payload).bodies
        ]
