"""A handler with a mailbox, fed by hand: order, pauses, drops, restarts, `after`, stop, and what is counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

import actorbus.dispatch as d
from actorbus.actors.hosting import HandlerSetup, RestartPolicy
from actorbus.actors.mailbox_async import AsyncMailboxActor
from actorbus.actors.mailbox_handler import Empty, Finish, MailboxActor, MailboxSetup
from actorbus.actors.mailbox_post import Post
from actorbus.actors.shell import ask, join, launch
from actorbus.clock import SystemClock
from actorbus.metrics import HandlerCounter
from tests.unit.dispatch.fakes import FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Tick

DEADLINE_S = 5.0
MS = 1_000_000


class Cells:
    def __init__(self) -> None:
        self.values: dict[int, int] = {}

    def __setitem__(self, cell: int, value: int, /) -> None:
        self.values[cell] = value


class Taking(d.Handler):
    def __init__(self, *, gate: threading.Event | None = None, log: list[object]) -> None:
        self.gate = gate
        self.log_of = log
        log.append("init")

    @d.on(Tick)
    def tick(self, message: Tick) -> None:
        if self.gate is not None:
            assert self.gate.wait(DEADLINE_S)
        self.log_of.append(message.n)
        if message.n < 0:
            raise ValueError(message.n)

    def on_event(self, event: d.StreamEvent) -> None:
        self.log_of.append(event)

    def on_stop(self) -> None:
        self.log_of.append("on_stop")


class TakingLater(Taking):
    @d.on(Tick)
    async def tick(self, message: Tick) -> None:  # type: ignore[override]
        assert asyncio.get_running_loop().is_running()
        await asyncio.get_running_loop().run_in_executor(None, int)
        super().tick(message)


class Poller:
    """The poller's side: notes holds and rejects; `release_soon` is done at once."""

    def __init__(self) -> None:
        self.held: set[tuple[str, object]] = set()
        self.rejected: list[tuple[int, str]] = []

    def hold(self, stream: str, reason: object) -> None:
        self.held.add((stream, reason))

    def release(self, stream: str, reason: object) -> None:
        self.held.discard((stream, reason))

    release_soon = release

    def reject_soon(self, stream: str, origin: d.Origin, place: int, why: str) -> None:
        self.rejected.append((place, why))


class Bench:
    def __init__(
        self,
        cls: type[Taking] = Taking,
        *,
        room: int = 1_000,
        overflow: str = "block",
        on_error: str = "skip",
        gate: threading.Event | None = None,
        policy: RestartPolicy | None = None,
    ) -> None:
        self.log: list[object] = []
        self.failures: list[BaseException] = []
        self.events: list[d.StreamEvent] = []
        self.cells = Cells()
        options = {"gate": gate, "log": self.log}
        handler = HandlerSetup("h", cls, options, ("ticks",), 0, 0, on_error, {}, FakeLatency(), self.cells)
        restarts = policy or RestartPolicy(initial_ns=0, max_ns=0)
        setup = MailboxSetup(handler, {"ticks": (Tick,)}, room, 1 << 20, overflow, "n", restarts)
        kind = AsyncMailboxActor if issubclass(cls, TakingLater) else MailboxActor
        self.actor = kind(
            setup, SystemClock(), report=lambda name, error: self.failures.append(error), on_event=self.events.append
        )
        self.poller = Poller()
        self.post = Post(self.actor, self.poller)
        self.port = FakePort()
        self.batches = 0

    def send(self, *numbers: int) -> None:
        self.port.feed(*(b"0123456789" for _ in numbers))
        self.port.poll()
        self.post.post(d.Parcel(d.Origin("ticks", self.batches, self.port), [Tick(n) for n in numbers]))
        self.batches += 1

    def empty(self) -> bool:
        return bool(ask(self.actor, Empty(far()), DEADLINE_S))

    def stop(self) -> dict[int, int]:
        self.actor.request_stop()
        assert join(self.actor, DEADLINE_S)
        self.actor.flush()
        return self.cells.values


def far() -> int:
    return SystemClock().monotonic_ns() + 5_000 * MS


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("not within 5 s")


@pytest.mark.parametrize("cls", [Taking, TakingLater])
def test_messages_and_events_come_in_order_on_a_thread_of_its_own(cls: type[Taking]) -> None:
    bench = Bench(cls)
    launch(bench.actor)
    event = d.PublisherJoined(stream="ticks", session=1, time_ns=0, publisher=2, sequence=0)
    bench.send(1, 2)
    bench.post.tell(event)
    bench.send(3)
    assert bench.empty()
    cells = bench.stop()

    assert bench.log == ["init", 1, 2, event, 3, "on_stop"]
    assert cells == {0: 3, 1: 0, 2: 0, 3: 0, 4: 0}
    assert bench.failures == []


@pytest.mark.parametrize("cls", [Taking, TakingLater])
def test_a_restart_replaces_the_object_and_goes_on_behind_the_message(cls: type[Taking]) -> None:
    bench = Bench(cls, on_error="restart")
    launch(bench.actor)
    bench.send(1, -2, 3)
    assert bench.empty()
    cells = bench.stop()

    assert bench.log == ["init", 1, -2, "on_stop", "init", 3, "on_stop"]
    assert (cells[HandlerCounter.ERRORS], cells[HandlerCounter.RESTARTS]) == (1, 1)
    (event,) = bench.events
    assert isinstance(event, d.ActorRestarted)
    assert (event.handler, event.cause, event.sequence, event.decision) == ("h", "ValueError: -2", 1, "restart")


def test_a_used_up_budget_stops_the_handler_and_what_comes_is_a_dead_letter() -> None:
    bench = Bench(on_error="restart", policy=RestartPolicy(max_restarts=1, initial_ns=0, max_ns=0))
    launch(bench.actor)
    bench.send(1, -2, 3, -4, 5)
    assert bench.empty()
    bench.send(6)
    cells = bench.stop()

    assert bench.log == ["init", 1, -2, "on_stop", "init", 3, -4, "on_stop"]
    assert (cells[HandlerCounter.MESSAGES], cells[HandlerCounter.DEAD_LETTERS]) == (4, 2)
    assert "was stopped by its on_error policy: ValueError: -4" in str(bench.failures[0])
    assert [event.decision for event in bench.events if isinstance(event, d.ActorRestarted)] == ["restart", "stop"]


def test_a_follower_starts_a_batch_only_after_its_lead_handled_it() -> None:
    gate = threading.Event()
    lead, follower = Bench(gate=gate), Bench()
    follower.actor.leads, lead.actor.followers = [lead.actor], [follower.actor]
    launch(lead.actor)
    launch(follower.actor)
    lead.send(1)
    follower.send(1)
    near = SystemClock().monotonic_ns() + 50 * MS
    assert ask(follower.actor, Empty(near), DEADLINE_S) is False
    assert follower.log == ["init"]
    gate.set()
    assert follower.empty()
    assert follower.log == ["init", 1]
    lead.stop()
    follower.stop()


def test_finish_ends_the_handler_when_its_mailbox_is_empty() -> None:
    bench = Bench()
    launch(bench.actor)
    bench.send(1, 2)
    assert ask(bench.actor, Finish(far()), DEADLINE_S) is True
    assert bench.log == ["init", 1, 2, "on_stop"]
    bench.send(3)
    assert bench.stop()[HandlerCounter.DROPPED] == 0


def test_what_a_stop_cuts_off_is_counted_as_dropped() -> None:
    gate = threading.Event()
    bench = Bench(gate=gate)
    launch(bench.actor)
    bench.send(1, 2, 3)
    bench.send(4, 5)
    until(lambda: not bench.actor.is_idle)
    bench.actor.request_stop()
    gate.set()
    cells = bench.stop()

    assert cells[HandlerCounter.MESSAGES] + cells[HandlerCounter.DROPPED] == 5
    assert cells[HandlerCounter.DROPPED] > 0
    assert bench.log[-1] == "on_stop"
