"""What `actorbus run` says of a wrong environment: a typed error, exit 3, in time, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tests.system.exits import killable_driver
from tests.system.hostile_frames import small_tmpfs
from tests.system.processes import SHM, environment, free_port

RAW: dict[str, object] = {"codec": {"format": "raw"}}


def run_refused(
    topology: dict[str, object], says: str, *, code: int = 3, within_s: float = 5.0, **more: object
) -> float:
    """Run a topology that cannot start; returns the seconds until it said so. AssertionError when it did otherwise."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "refused.yaml"
        file.write_bytes(msgspec.json.encode(topology))
        began = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-m", "actorbus", "run", str(file), "--for", "1s"],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,  # type: ignore[call-overload]
        )
        try:
            _, error = child.communicate(timeout=within_s + 20)
        finally:
            child.kill()
        took = time.monotonic() - began
    assert child.returncode == code, f"ended with {child.returncode}, expected {code}: {error}"
    assert says in error, error
    assert "Traceback" not in error, error
    assert took <= within_s + 1, f"took {took:.1f} s: {error}"  # a second for the interpreter to start
    left = [str(path) for path in SHM.rglob("*") if f"-{child.pid}-" in path.name]
    assert not left, left
    return took


def listener(port: int, count: int = 1, **driver: object) -> dict[str, object]:
    """Return a topology that hears `count` UDP streams from a port on."""
    return {
        "version": 1,
        "name": "listener",
        "driver": {"mode": "embedded", **driver},
        "streams": {
            f"s{number}": {
                "stream_id": 1,
                "channel": f"aeron:udp?endpoint=127.0.0.1:{port + number}|term-length=64k",
                **RAW,
            }
            for number in range(count)
        },
        "handlers": {
            "h": {"streams": [f"s{number}" for number in range(count)], "class": "count"},
        },
    }


def port_in_use() -> str:
    """Hear on a port that another socket has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        took = run_refused(listener(taken.getsockname()[1]), "Address already in use")
    return f"port in use: exit 3 in {took:.1f} s"


def another_users_directory() -> str:
    """Start a driver in a directory that belongs to another user."""
    with tempfile.TemporaryDirectory(prefix="actorbus-test-", dir=SHM) as place:
        directory = Path(place) / "theirs"
        directory.mkdir(mode=0o777)
        try:
            os.chown(directory, 65534, 65534)
        except PermissionError:
            return "directory of another user: not tried, chown needs root"
        took = run_refused(listener(free_port(), directory=str(directory)), "belongs to user 65534")
        assert directory.exists()
    return f"directory of another user: exit 3 in {took:.1f} s"


def truncated_cnc(cuts: int = 2) -> str:
    """Connect through a CnC file that is cut short, at each of so many lengths."""
    worst = 0.0
    with killable_driver() as (driver, directory), tempfile.TemporaryDirectory() as place:
        data = (directory / "cnc.dat").read_bytes()
        driver.send_signal(signal.SIGTERM)
        driver.wait(10)
        for length in (0, len(data) - 8192, 128, 4096, 1, 39, len(data) // 2)[:cuts]:
            broken = Path(place) / f"cut-{length}"
            broken.mkdir()
            (broken / "cnc.dat").write_bytes(data[:length])
            worst = max(worst, run_refused(external(broken), "cut short"))
    return f"CnC cut at {cuts} lengths: exit 3, at most {worst:.1f} s"


def external(directory: Path) -> dict[str, object]:
    """Return a topology over an external driver."""
    return {
        "version": 1,
        "name": "external",
        "driver": {"mode": "external", "directory": str(directory)},
        "streams": {"s": {"stream_id": 1, **RAW}},
        "handlers": {"h": {"stream": "s", "class": "count"}},
    }


def full_at_start() -> str:
    """Start a driver where there is no room for it, and one where there is none for its streams."""
    figures: list[str] = []
    for size in ("1m", "8m"):
        with small_tmpfs(size) as small:
            topology: dict[str, object] = {
                **listener(free_port(), directory=str(small / "driver")),
                "sources": {"t": {"stream": "out", "class": "tests.system.exits:Ticks"}},
            }
            streams = topology["streams"]
            assert isinstance(streams, dict)
            streams["out"] = {"stream_id": 9, "channel": "aeron:ipc?term-length=16m", **RAW}
            figures.append(f"{run_refused(topology, 'error[AB'):.1f} s")
            assert not list(small.iterdir()), list(small.iterdir())
    return f"no room at the start: exit 3 in {', '.join(figures)}"
