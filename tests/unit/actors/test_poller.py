"""The poller on fake ports and a waiter that is told when to return: start, order, stop, errors, drain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

import actorbus.dispatch as d
from actorbus.actors.poller import Drain, EndHandlers, HandlerSetup, PollerActor, StreamSetup
from actorbus.actors.shell import ask, join, launch
from actorbus.clock import SystemClock
from actorbus.errors import ActorBusError, BackPressured, HandlerFailed
from tests.system.processes import wait_for
from tests.unit.dispatch.fakes import FakeDecoding, FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Tick, encoded

DEADLINE_S = 5.0


class Cells:
    def __init__(self) -> None:
        self.values: dict[int, int] = {}

    def __setitem__(self, cell: int, value: int, /) -> None:
        self.values[cell] = value


class Waiter:
    """Sleeps on the actor's event; nothing else."""

    def __init__(self, actor: PollerActor) -> None:
        self._event = actor.inbox.event
        self.paused: set[int] = set()
        self.serviced = 0
        self.stirred = 0
        self.late: list[bytes] = []
        """What comes to the first port while it waits."""
        self.ports: list[FakePort] = []
        self.asked: list[int] = []

    def ready(self, start: int) -> int:
        self.asked.append(start)
        found = (n for n, port in enumerate(self.ports) if n >= start and port.waiting and n not in self.paused)
        return next(found, -7)

    def pause(self, number: int, paused: bool) -> None:
        (self.paused.add if paused else self.paused.discard)(number)

    def service(self) -> None:
        self.serviced += 1

    def stir(self) -> None:
        self.stirred += 1

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        if self.late:
            self.ports[0].feed(self.late.pop(0))
            return 0
        return -1 if self._event.wait(seen, deadline_ns) else -7


class Recorder(d.Handler):
    def __init__(self, *, fail_start: bool = False) -> None:
        self.calls: list[object] = []
        made.append(self)
        self.fail_start = fail_start

    def on_start(self) -> None:
        self.calls.append(("on_start", threading.current_thread().name))
        if self.fail_start:
            raise OSError("no file")

    @d.on(Tick)
    def tick(self, message: Tick) -> None:
        self.calls.append(message.n)

    def on_stop(self) -> None:
        self.calls.append("on_stop")


made: list[Recorder] = []


@pytest.fixture(autouse=True)
def forget_handlers() -> Iterator[None]:
    made.clear()
    yield
    made.clear()


class Bench:
    def __init__(self, *handlers: tuple[str, dict[str, object]]) -> None:
        self.port = FakePort()
        self.failures: list[BaseException] = []
        self.cells = {name: Cells() for name, _ in handlers}
        self.actor = PollerActor("test", SystemClock(), report=lambda name, error: self.failures.append(error))
        setups = [
            HandlerSetup(name, Recorder, options, ("ticks",), 0, order, "skip", {}, FakeLatency(), self.cells[name])
            for order, (name, options) in enumerate(handlers)
        ]
        self.waiter = Waiter(self.actor)
        self.actor.assemble(
            [StreamSetup("ticks", self.port, FakeDecoding(Tick), {1001: Tick})],
            setups,
            self.waiter,
            on_event=lambda event: None,
            enter_thread=lambda: None,
        )

    def call(self, function: Callable[[], object]) -> object:
        return ask(self.actor, function, DEADLINE_S)

    def stop(self) -> None:
        self.actor.request_stop()
        assert join(self.actor, DEADLINE_S)


def test_handlers_live_on_the_pollers_thread_and_stop_in_reverse() -> None:
    bench = Bench(("a", {}), ("b", {}))
    launch(bench.actor)
    bench.call(lambda: bench.port.feed(*encoded(Tick(1), Tick(2))))
    assert bench.call(lambda: None) is None
    bench.stop()

    name = bench.actor.thread.name if bench.actor.thread else ""
    assert [handler.calls for handler in made] == [[("on_start", name), 1, 2, "on_stop"]] * 2
    assert bench.waiter.stirred == 1  # one pass found something: the wait behind it begins anew
    assert bench.cells["a"].values == {0: 2, 1: 0, 2: 0, 4: 0}
    assert bench.failures == []


def test_a_handler_that_cannot_start_stops_those_that_had_and_the_launch_says_which() -> None:
    bench = Bench(("good", {}), ("bad", {"fail_start": True}))

    with pytest.raises(HandlerFailed, match=r"handler 'bad' \(Recorder\) could not start: OSError: no file"):
        launch(bench.actor)
    assert join(bench.actor, DEADLINE_S)
    assert made[0].calls[-1] == "on_stop"


def test_ended_handlers_get_nothing_more_while_the_others_go_on() -> None:
    bench = Bench(("first", {}), ("second", {}))
    launch(bench.actor)
    bench.call(lambda: bench.port.feed(*encoded(Tick(1))))
    ask(bench.actor, EndHandlers(("first",)), DEADLINE_S)
    bench.call(lambda: bench.port.feed(*encoded(Tick(2))))
    bench.call(lambda: None)
    bench.stop()

    assert made[0].calls[1:] == [1, "on_stop"]
    assert made[1].calls[1:] == [1, 2, "on_stop"]
    assert bench.cells["first"].values[0] == 1
    assert bench.cells["second"].values[0] == 2


def test_a_drain_polls_until_its_targets_are_read() -> None:
    bench = Bench(("a", {}))
    launch(bench.actor)
    bench.port.feed(*encoded(Tick(1), Tick(2), Tick(3)))
    far = SystemClock().monotonic_ns() + 5_000_000_000

    assert ask(bench.actor, Drain((("ticks", 7, 192),), far), DEADLINE_S) is True
    assert made[0].calls[1:] == [1, 2, 3]
    near = SystemClock().monotonic_ns() + 1_000_000
    assert ask(bench.actor, Drain((("ticks", 7, 1_000_000),), near), DEADLINE_S) is False
    bench.stop()


def test_timers_of_a_handler_fire_on_its_thread_and_end_with_it() -> None:
    fired = threading.Event()
    bench = Bench(("a", {}))
    launch(bench.actor)
    bench.call(lambda: made[0].every("1ms", fired.set))
    assert fired.wait(DEADLINE_S)
    bench.stop()


def test_an_unknown_control_message_is_answered_with_an_error() -> None:
    bench = Bench(("a", {}))
    launch(bench.actor)
    with pytest.raises(TypeError, match="does not know 'nonsense'"):
        ask(bench.actor, "nonsense", DEADLINE_S)
    bench.stop()


# -- the outbox (D14); its own rules are in test_outbox.py -------------------------------------------------------------


class FullLine:
    """A publisher without room until it is given some."""

    stream = "out"

    def __init__(self) -> None:
        self.room = 0
        self.sent: list[object] = []
        self.dropped = 0

    def retry(self, body: object) -> int:
        if not self.room:
            return -2
        self.room -= 1
        self.sent.append(body)
        return 0

    def drop(self) -> int:
        self.dropped += 1
        return 0

    def keeps(self, code: int) -> bool:
        return code == -2

    def hold(self, holder: object) -> None: ...

    def unhold(self, holder: object) -> None: ...

    def error(self, message: object, body: object, code: int, waited_ns: int = 0) -> ActorBusError:
        return BackPressured("no room")


def put(bench: Bench, line: FullLine, owner: str, timeout_ns: int) -> None:
    due = SystemClock().monotonic_ns() + timeout_ns
    bench.call(lambda: bench.actor.outbox.put(line, owner, "message", b"body", due))


def test_the_poller_sends_what_waits_in_its_outbox_when_there_is_room() -> None:
    bench, line = Bench(("a", {})), FullLine()
    launch(bench.actor)
    put(bench, line, "a", 10_000_000_000)
    assert bench.call(lambda: len(bench.actor.outbox)) == 1
    line.room = 1
    wait_for(lambda: line.sent == [b"body"], DEADLINE_S, "the message")
    bench.stop()
    assert bench.failures == []


def test_what_waited_too_long_is_an_error_of_its_handler() -> None:
    bench, line = Bench(("a", {}), ("b", {})), FullLine()
    launch(bench.actor)
    put(bench, line, "b", 1_000_000)
    wait_for(lambda: line.dropped == 1, DEADLINE_S, "the timeout")
    bench.stop()
    assert (bench.cells["a"].values[1], bench.cells["b"].values[1]) == (0, 1)


def test_a_drain_waits_for_the_outbox_and_a_stop_counts_what_is_left() -> None:
    bench, line = Bench(("a", {})), FullLine()
    launch(bench.actor)
    put(bench, line, "a", 10_000_000_000)
    soon = SystemClock().monotonic_ns() + 20_000_000
    assert ask(bench.actor, Drain((), soon), DEADLINE_S) is False
    bench.stop()
    assert line.dropped == 1


def test_a_stream_is_polled_when_nobody_holds_it() -> None:
    bench = Bench(("a", {}))
    launch(bench.actor)
    bench.call(lambda: bench.actor.hold("ticks", "mailbox"))
    bench.call(lambda: bench.actor.hold("ticks", "outbox"))
    bench.call(lambda: bench.actor.hold("nobody's", "outbox"))
    bench.call(lambda: bench.port.feed(*encoded(Tick(1))))
    bench.call(lambda: None)
    assert bench.actor.held == {"ticks"}
    assert bench.waiter.paused == {0}
    bench.call(lambda: bench.actor.release("ticks", "mailbox"))
    assert len(made[0].calls) == 1
    bench.actor.release_soon("ticks", "outbox")
    bench.call(lambda: None)
    bench.call(lambda: None)
    assert made[0].calls[1:] == [1]
    assert not bench.actor.held
    assert not bench.waiter.paused
    bench.stop()


class Counted(FakePort):
    """A port that says how often it was polled, and does something then."""

    polls = 0
    then: Callable[[], None] | None = None

    def poll(self) -> int:
        self.polls += 1
        if self.then is not None:
            self.then()
        return super().poll()


def several(count: int) -> tuple[PollerActor, list[Counted], Waiter]:
    """Return a poller of so many streams, s0 and on, each with one message taken by one handler."""
    actor = PollerActor("test", SystemClock(), report=lambda name, error: None)
    ports, waiter = [Counted() for _ in range(count)], Waiter(actor)
    waiter.ports = list(ports)
    names = [f"s{number}" for number in range(count)]
    actor.assemble(
        [StreamSetup(name, port, FakeDecoding(Tick), {1001: Tick}) for name, port in zip(names, ports, strict=True)],
        [HandlerSetup("a", Recorder, {}, tuple(names), 0, 0, "skip", {}, FakeLatency(), Cells())],
        waiter,
        on_event=lambda event: None,
        enter_thread=lambda: None,
    )
    return actor, ports, waiter


def test_of_several_streams_a_pass_steps_those_alone_that_have_something() -> None:
    actor, ports, waiter = several(4)
    launch(actor)

    def feed() -> None:
        for number in (0, 2):
            ports[number].feed(*encoded(Tick(number)))
            ports[number].feed(*encoded(Tick(10 + number)))

    before = [port.polls for port in ports]
    ask(actor, feed, DEADLINE_S)
    ask(actor, lambda: None, DEADLINE_S)
    wait_for(lambda: len(made[0].calls) == 5, DEADLINE_S, "four messages")
    assert made[0].calls[1:] == [0, 2, 10, 12]  # one batch of each a pass, in the order of the streams
    assert [port.polls - was for port, was in zip(ports, before, strict=True)] == [2, 0, 2, 0]
    assert {0, 1, 3} <= set(waiter.asked)
    actor.request_stop()
    assert join(actor, DEADLINE_S)


def test_a_step_may_hold_a_stream_behind_it_in_the_same_pass() -> None:
    actor, ports, _ = several(3)
    launch(actor)
    ports[0].then = lambda: actor.hold("s2", "mailbox")

    def feed() -> None:
        for number, port in enumerate(ports):
            port.feed(*encoded(Tick(number)))

    ask(actor, feed, DEADLINE_S)
    ask(actor, lambda: None, DEADLINE_S)
    wait_for(lambda: len(made[0].calls) == 3, DEADLINE_S, "two messages")
    ask(actor, lambda: None, DEADLINE_S)
    assert made[0].calls[1:] == [0, 1]
    assert ports[2].waiting
    ask(actor, lambda: actor.release("s2", "mailbox"), DEADLINE_S)
    wait_for(lambda: len(made[0].calls) == 4, DEADLINE_S, "the held one")
    actor.request_stop()
    assert join(actor, DEADLINE_S)


def test_messages_that_come_apart_are_answered_one_wait_after_the_other() -> None:
    bench = Bench(("a", {}))
    bench.waiter.ports, bench.waiter.late = [bench.port], encoded(Tick(1), Tick(2), Tick(3))
    launch(bench.actor)
    assert bench.call(lambda: made[0].calls[1:]) == [1, 2, 3]
    bench.stop()
    assert bench.waiter.stirred == 0  # no pass found anything


def test_rehearsing_goes_through_the_streams_in_turn_and_no_handler_hears_of_it() -> None:
    bench = Bench(("a", {}))
    launch(bench.actor)
    bench.call(lambda: bench.port.feed(*encoded(Tick(1))))
    for _ in range(3):
        bench.call(bench.actor.rehearse)
    bench.stop()
    assert made[0].calls[1:] == [1, "on_stop"]
    assert bench.failures == []
