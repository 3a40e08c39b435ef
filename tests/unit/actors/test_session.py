"""A session on a real embedded driver: opened whole or not at all, closed backwards, the driver's death noticed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.actors.session import Session
from actorbus.topology.assembly import session_parts
from actorbus.topology.plan import load_mapping


class Nothing(ab.Handler):
    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None: ...


class Broken(Nothing):
    def on_start(self) -> None:
        raise OSError("broken")


def session(handler: str = "Nothing", **driver: object) -> Session:
    plan = load_mapping(
        {
            "version": 1,
            "name": "s",
            "driver": driver or {"mode": "embedded"},
            "streams": {"bars": {"stream_id": 1, "messages": ["Bar"]}},
            "handlers": {"h": {"stream": "bars", "class": f"tests.unit.actors.test_session:{handler}"}},
        }
    )
    return Session(
        session_parts(plan), report=lambda name, error: None, on_event=lambda event: None, finished=lambda name: None
    )


def test_everything_opens_and_closes_and_nothing_is_left() -> None:
    threads = threading.active_count()
    one = session()
    one.open()
    directory = Path(one.driver_directory or "")
    assert (directory / "cnc.dat").exists()
    one.endpoints.publisher("bars").offer(ab.Bar("X", 0, 1, 1, 1, 1))
    assert one.close((("h",),), drain=True)

    assert threading.active_count() == threads
    assert not directory.exists()
    assert one.stream_blocks["bars"][0] == 1


def test_a_start_that_fails_closes_what_was_opened() -> None:
    threads = threading.active_count()
    one = session("Broken")
    with pytest.raises(ab.HandlerFailed):
        one.open()

    assert threading.active_count() == threads
    assert not Path(one.driver_directory or "x").exists()


def test_a_lost_driver_is_told_once_and_the_session_still_closes() -> None:
    one = session(mode="process")
    one.open()
    pid = _driver_pid(Path(one.driver_directory or ""))
    os.kill(pid, signal.SIGKILL)
    pause, deadline = threading.Event(), time.monotonic() + 20

    def tick_until_told() -> None:
        while time.monotonic() < deadline:
            one.tick()
            pause.wait(0.1)

    with pytest.raises(ab.DriverLost, match="the connection to the media driver is lost"):
        tick_until_told()
    one.tick()
    one.close((("h",),), drain=True)


def _driver_pid(directory: Path) -> int:
    """Return the process that maps the driver's CnC file and is not this one."""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        pid = int(maps.parent.name)
        if pid == os.getpid():
            continue
        try:
            if str(directory / "cnc.dat") in maps.read_text():
                return pid
        except OSError:
            continue
    raise AssertionError("no driver process found")
