"""Handlers with `resume` and `start`: what they read, where they go on, and that kills lose and repeat nothing."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

import actorbus as ab
from tests.prove.resume import killed
from tests.system import resumed
from tests.system.processes import external_driver, wait_for

KILLS = 6
"""The full line has 50."""
STOPS = 3


class Tick(ab.Message, type_id=1001, version=1):
    """A numbered message."""

    n: int


class Seen(ab.Handler):
    """Keeps the numbers it is given."""

    numbers: list[int] = []  # noqa: RUF012 - of all its objects: a test reads it from outside

    @ab.on(Tick)
    def on_tick(self, tick: Tick) -> None:
        self.numbers.append(tick.n)


class Falls(Seen):
    """Raises on each hundredth."""

    @ab.on(Tick)
    def on_tick(self, tick: Tick) -> None:
        super().on_tick(tick)
        if tick.n % 100 == 50:
            raise ValueError(tick.n)


def topology(tmp_path: Path, mode: str = "none", **handler: object) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "resumed",
        "driver": {"mode": mode},
        "streams": {"ticks": {"channel": "aeron:ipc?term-length=256k", "stream_id": 1001, "messages": [Tick]}},
        "recorders": {"tape": {"streams": ["ticks"], "directory": str(tmp_path / "tape"), "sync": "none"}},
        "handlers": {"seen": {"stream": "ticks", "class": Seen, **handler}},
    }


def run(values: dict[str, Any], first: int, count: int) -> list[int]:
    Seen.numbers.clear()
    with ab.Node.from_dict(values) as node:
        publisher = node.publisher("ticks", Tick)
        for n in range(first, first + count):
            publisher.publish(Tick(n))
    assert node.failed is None
    if not {"resume", "start"}.isdisjoint(values["handlers"]["seen"]):
        assert node.stats().subscriptions["seen"].received == len(Seen.numbers)
    return list(Seen.numbers)


@pytest.mark.parametrize("mode", ["none", "embedded"])
def test_a_handler_goes_on_behind_the_last_message_it_handled(tmp_path: Path, mode: str) -> None:
    values = topology(tmp_path, mode, resume=True)
    assert run(values, 0, 1_000) == list(range(1_000))
    assert run(values, 1_000, 500) == list(range(1_000, 1_500))
    assert run(values, 0, 0) == []


def test_its_first_start_is_where_start_says(tmp_path: Path) -> None:
    run(topology(tmp_path), 0, 100)
    assert run(topology(tmp_path, resume=True, start={"sequence": 40}), 100, 5) == list(range(40, 105))
    assert run(topology(tmp_path, resume=True, start={"sequence": 40}), 105, 5) == list(range(105, 110))


def test_without_resume_it_begins_there_each_time(tmp_path: Path) -> None:
    run(topology(tmp_path), 0, 100)
    for _ in range(2):
        assert run(topology(tmp_path, start="earliest"), 0, 0) == list(range(100))


@pytest.mark.parametrize("more", [{"resume": True}, {"start": "earliest"}])
def test_a_handler_that_restarts_misses_nothing_of_a_recording(tmp_path: Path, more: dict[str, object]) -> None:
    values = topology(tmp_path, **more, on_error="restart")
    values["handlers"]["seen"]["class"] = Falls
    values["supervision"] = {"backoff": {"initial": "20ms", "max": "20ms"}}
    Seen.numbers.clear()
    with ab.Node.from_dict(values) as node:
        publisher = node.publisher("ticks", Tick)
        for n in range(300):
            publisher.publish(Tick(n))
        wait_for(lambda: len(Seen.numbers) >= 300, 20, "all of them")
        assert node.stats().handlers["seen"].restarts == 3
    assert Seen.numbers == list(range(300))
    if "resume" in more:
        assert run(values, 300, 40) == list(range(300, 340))


def test_an_orderly_stop_while_others_publish_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """What comes between the end of the handler and that of its poller is for the next run."""
    with external_driver() as driver, resumed.Child("run", tmp_path, driver) as first:
        with resumed.Child("publish", tmp_path, driver) as publisher:
            runs = first
            for number in range(STOPS):
                had = len(resumed.handled(tmp_path))
                wait_for(lambda had=had: len(resumed.handled(tmp_path)) > had + 500, 30, "more messages")  # type: ignore[misc]
                assert runs.end(signal.SIGTERM) == 0, f"run {number}"
                runs = resumed.Child("run", tmp_path, driver)
            publisher.end()
        with runs:
            wait_for(lambda: resumed.handled(tmp_path) == resumed.recorded(tmp_path), 30, "each message, once")
            runs.end(signal.SIGTERM)
    assert resumed.handled(tmp_path) == resumed.recorded(tmp_path)


def test_kills_lose_and_repeat_nothing() -> None:
    assert f"killed {KILLS} times" in killed(KILLS, 6_000)
