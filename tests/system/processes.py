"""Runs real `actorbus` processes around a test: an external driver, nodes from topology files, with deadlines."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent.parent
SHM = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())


def environment() -> dict[str, str]:
    """Return the environment of a child: this checkout first on its path, no colours."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'handlers'}", "NO_COLOR": "1"}


def wait_for(condition, timeout_s: float, what: str) -> None:  # type: ignore[no-untyped-def]
    """Look until `condition()` is true; AssertionError with `what` after the deadline."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} not within {timeout_s:g} s"
        pause.wait(0.02)


@contextlib.contextmanager
def external_driver(*arguments: str) -> Iterator[Path]:
    """Run `actorbus driver` as a process of its own; yields its directory."""
    directory = Path(tempfile.mkdtemp(prefix="actorbus-test-", dir=SHM)) / "driver"
    child = subprocess.Popen(
        [sys.executable, "-m", "actorbus", "driver", "--directory", str(directory), *arguments],
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: (directory / "cnc.dat").exists() or child.poll() is not None, 20, "the driver's CnC file")
        assert child.poll() is None, f"the driver ended with {child.returncode}"
        yield directory
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        finally:
            child.kill()
            with contextlib.suppress(OSError):
                directory.parent.rmdir()


class RunningNode:
    """`actorbus run` of a topology in a process of its own."""

    def __init__(self, topology: Mapping[str, object], folder: Path, *arguments: str) -> None:
        self.file = folder / f"{topology['name']}.yaml"
        self.file.write_bytes(msgspec.json.encode(topology))  # JSON is YAML
        self.child = subprocess.Popen(
            [sys.executable, "-m", "actorbus", "run", str(self.file), "--summary", "json", *arguments],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, timeout_s: float) -> dict[str, object]:
        """Wait for its end; returns its summary. AssertionError when it fails or takes longer."""
        try:
            out, err = self.child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as late:
            self.child.kill()
            out, err = self.child.communicate()
            raise AssertionError(f"{self.file.name} did not end within {timeout_s:g} s: {err[-2000:]}") from late
        assert self.child.returncode == 0, f"{self.file.name} ended with {self.child.returncode}: {err[-2000:]}"
        return json.loads(out)

    def kill(self) -> None:
        """End it whatever it does."""
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()


def free_port() -> int:
    """Return a UDP port that is free now."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
