"""Whoever asks what pollers hold is answered: by them, or by what they held before."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from actorbus.actors import looking
from actorbus.actors.looking import Inside, look
from actorbus.actors.parts import Look
from actorbus.actors.shell import launch
from tests.unit.actors.test_poller import Bench

BEFORE = Look({}, {"poller-test": [("ticks", 7, ["old"])]})
ENTRY = (7, 64, 0, 1001, 1, 0, 4, "a: no", b"body", 1)


class Port:
    """Holds one quarantined message."""

    def quarantine(self) -> list[tuple[int, int, int, int, int, int, int, str, bytes, int]]:
        return [ENTRY]


def inside(bench: Bench) -> list[Inside]:
    return [Inside(bench.actor, [("ticks", cast("Any", Port())), ("ticks", cast("Any", Port()))])]


def test_a_poller_tells_what_it_holds_and_writes_its_counters() -> None:
    bench = Bench(("a", {}))
    launch(bench.actor)
    found = look(inside(bench), BEFORE)
    assert found == Look({"ticks": [ENTRY, ENTRY]}, {"poller-test": []})
    assert found.traced == []
    assert bench.cells["a"].values != {}
    bench.stop()


def test_a_handler_that_asks_about_its_own_poller_is_answered_at_once() -> None:
    bench = Bench(("a", {}))
    launch(bench.actor)
    assert bench.call(lambda: look(inside(bench), BEFORE)) == Look({"ticks": [ENTRY, ENTRY]}, {"poller-test": []})
    bench.stop()


def test_of_a_poller_that_hangs_or_ended_what_it_held_before_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(looking, "PATIENCE_S", 0.05)
    bench = Bench(("a", {}))
    launch(bench.actor)
    go_on = threading.Event()
    hanging = threading.Thread(target=lambda: bench.call(go_on.wait))
    hanging.start()
    assert look(inside(bench), BEFORE).traced == [("ticks", 7, ["old"])]
    assert "poller-test did not answer within 0.05 s" in caplog.text
    go_on.set()
    hanging.join()
    bench.stop()
    assert look(inside(bench), BEFORE) == Look({"ticks": [ENTRY, ENTRY]}, BEFORE.samples)
