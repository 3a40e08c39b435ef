"""Inline handlers that raise under `on_error: restart`: a new object after the pause, within the budget."""

from __future__ import annotations

import threading
from collections.abc import Callable

import actorbus.dispatch as d
from actorbus.actors.hosting import HandlerSetup, RestartPolicy
from actorbus.actors.poller import PollerActor, StreamSetup
from actorbus.actors.shell import ask, join, launch
from actorbus.clock import SystemClock
from tests.unit.actors.test_poller import DEADLINE_S, Cells, Waiter
from tests.unit.dispatch.fakes import FakeDecoding, FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Tick, encoded


class Fragile(d.Handler):
    def __init__(self, *, log: list[object]) -> None:
        self.log_of = log
        log.append("init")

    @d.on(Tick)
    def tick(self, message: Tick) -> None:
        self.log_of.append(message.n)
        if message.n < 0:
            raise ValueError(message.n)

    def on_stop(self) -> None:
        self.log_of.append("on_stop")


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("not within 5 s")


def test_a_handler_is_replaced_after_its_pause_and_stopped_when_its_budget_ends() -> None:
    port, cells, log = FakePort(), Cells(), []  # type: ignore[var-annotated]
    failures: list[BaseException] = []
    events: list[d.StreamEvent] = []
    actor = PollerActor("test", SystemClock(), report=lambda name, error: failures.append(error))
    setup = HandlerSetup("h", Fragile, {"log": log}, ("ticks",), 0, 0, "restart", {}, FakeLatency(), cells)
    actor.assemble(
        [StreamSetup("ticks", port, FakeDecoding(Tick), {1001: Tick})],
        [setup],
        Waiter(actor),
        on_event=events.append,
        enter_thread=lambda: None,
        restarts=RestartPolicy(max_restarts=1, initial_ns=1_000_000, max_ns=1_000_000),
    )
    launch(actor)
    ask(actor, lambda: port.feed(*encoded(Tick(1), Tick(-2), Tick(3))), DEADLINE_S)
    until(lambda: log.count("init") == 2)
    ask(actor, lambda: port.feed(*encoded(Tick(4), Tick(-5), Tick(6))), DEADLINE_S)
    until(lambda: bool(failures))
    ask(actor, lambda: port.feed(*encoded(Tick(7))), DEADLINE_S)
    ask(actor, lambda: None, DEADLINE_S)
    actor.request_stop()
    assert join(actor, DEADLINE_S)

    assert log == ["init", 1, -2, "on_stop", "init", 4, -5, "on_stop"]
    assert cells.values == {0: 4, 1: 2, 2: 1, 4: 3}
    told = [event for event in events if isinstance(event, d.ActorRestarted)]
    assert [(event.decision, event.sequence, event.cause) for event in told] == [
        ("restart", 1, "ValueError: -2"),
        ("stop", 4, "ValueError: -5"),
    ]
    assert "was stopped by its on_error policy" in str(failures[0])
