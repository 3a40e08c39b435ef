"""A media driver in a child process of ours, and the talk between the two.

    parent                                        child: driver_main.py
    starts it, writes settings as one JSON line → stdin      starts an EmbeddedDriver in the directory
    waits for one JSON line, with a deadline    ← stdout     {"ready": true} or {"error": {"class": ..., "what": ...}}
    keeps stdin open as long as it lives                     reads on; at the end of stdin it closes and exits
    close: closes stdin, waits; SIGTERM; SIGKILL

The child notices the end of stdin however its parent dies, SIGKILL included; so no driver is left without a parent.
It is in a process group of its own: Ctrl-C in a terminal reaches the parent, which closes in order.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final, override

import msgspec

from actorbus import errors
from actorbus.errors import ActorBusError, DriverUnavailable, UsageError
from actorbus.transport.driver import OwnDriver
from actorbus.transport.settings import DriverSettings

__all__ = ["Answer", "Order", "ProcessDriver"]

KILL_AFTER_S: Final = 1.0
BOOT: Final = "import sys; sys.path.insert(0, sys.argv[1]); from actorbus.transport.driver_main import main; main()"


class Order(msgspec.Struct, frozen=True):
    """What the parent tells the child."""

    directory: str
    settings: DriverSettings


class Answer(msgspec.Struct, frozen=True):
    """What the child answers."""

    ready: bool
    error_class: str = ""
    what: str = ""
    where: str | None = None
    why: str | None = None
    hint: str | None = None
    notes: list[str] = []

    def to_error(self) -> ActorBusError:
        """Return the child's error, in its own class."""
        cls = getattr(errors, self.error_class, DriverUnavailable)
        if not (isinstance(cls, type) and issubclass(cls, ActorBusError)) or issubclass(cls, errors.ConfigError):
            cls = DriverUnavailable
        return cls(self.what, where=self.where, why=self.why, hint=self.hint)


class ProcessDriver(OwnDriver):
    """A media driver in a child process."""

    def __init__(self, directory: str | os.PathLike[str] | None = None, settings: DriverSettings | None = None) -> None:
        super().__init__(directory, settings)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, None before the start and after the close."""
        return None if self._child is None else self._child.pid

    @override
    def _launch(self, directory: Path, deadline_ns: int) -> None:
        if not sys.executable:
            raise UsageError(
                "a driver process needs a Python interpreter", why="sys.executable is empty", hint="use mode embedded"
            )
        root = Path(errors.__file__).parent.parent
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOT, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(self.settings),
            process_group=0,
        )
        self._child = child
        assert child.stdin is not None
        assert child.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died at once: the read below says how
            child.stdin.write(msgspec.json.encode(Order(os.fspath(directory), self.settings)) + b"\n")
            child.stdin.flush()
        line = _read_line(child.stdout, deadline_ns)
        if not line:
            code = child.poll()
            why = "no answer in time" if code is None else f"it ended with code {code}; see its error output"
            raise DriverUnavailable("the driver process did not start", why=why, where=f"process {child.pid}")
        answer = msgspec.json.decode(line, type=Answer)
        self.notes = answer.notes
        if not answer.ready:
            raise answer.to_error()

    @override
    def _runs(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @override
    def _end(self, deadline_ns: int) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        left_s = max(0.1, (deadline_ns - time.monotonic_ns()) / 1e9)
        for wait_s, more in ((left_s, child.terminate), (KILL_AFTER_S, child.kill), (KILL_AFTER_S, None)):
            try:
                child.wait(wait_s)
            except subprocess.TimeoutExpired:
                if more is None:
                    raise
                more()
            else:
                return


def _environment(settings: DriverSettings) -> dict[str, str]:
    inherit = settings.inherit_environment
    kept = {name: value for name, value in os.environ.items() if inherit or not name.startswith("AERON_")}
    return kept | dict(settings.environment)


def _read_line(stream: IO[bytes], deadline_ns: int) -> bytes:
    """Return one line, or what came of it when the other side closed; empty at the deadline."""
    found = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not found.endswith(b"\n"):
            left_s = (deadline_ns - time.monotonic_ns()) / 1e9
            if left_s <= 0 or not selector.select(left_s):
                return b""
            more = os.read(stream.fileno(), 65_536)
            if not more:
                break
            found += more
    return bytes(found)
