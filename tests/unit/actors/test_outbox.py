"""The outbox on scripted publishers and a manual clock: order, bounds, holds, timeouts, what is given up."""

from __future__ import annotations

import pytest

from actorbus.actors.outbox import NAP_LONGEST_NS, Outbox, streams_to_hold
from actorbus.clock import ManualClock
from actorbus.dispatch.refusals import BACK_PRESSURED, NOT_CONNECTED, STALE
from actorbus.errors import ActorBusError, BackPressured, ClosedError

SECOND = 1_000_000_000


class Line:
    """A publisher with room for so many messages."""

    def __init__(self, stream: str = "b", room: int = 0) -> None:
        self.stream = stream
        self.room = room
        self.code = BACK_PRESSURED
        self.sent: list[object] = []
        self.dropped = 0
        self.held_by: set[object] = set()
        self.drops_unconnected = False

    def retry(self, body: object) -> int:
        if self.room <= 0:
            return self.code
        self.room -= 1
        self.sent.append(body)
        return len(self.sent) - 1

    def drop(self) -> int:
        self.dropped += 1
        return 0

    def keeps(self, code: int) -> bool:
        return code == BACK_PRESSURED or (code == NOT_CONNECTED and not self.drops_unconnected)

    def hold(self, holder: object) -> None:
        self.held_by.add(holder)

    def unhold(self, holder: object) -> None:
        self.held_by.discard(holder)

    def error(self, message: object, body: object, code: int, waited_ns: int = 0) -> ActorBusError:
        if code == STALE:
            return ClosedError("closed")
        return BackPressured(f"{message} waited {waited_ns / SECOND:.3f} s")


class Bench:
    def __init__(self, messages_max: int = 100, bytes_max: int = 1_000) -> None:
        self.clock = ManualClock()
        self.held: list[tuple[str, object]] = []
        self.failed: list[tuple[str | None, ActorBusError]] = []
        self.outbox = Outbox(
            self.clock,
            hold=lambda stream, reason: self.held.append((stream, reason)),
            release=lambda stream, reason: self.held.remove((stream, reason)),
            failed=lambda owner, error: self.failed.append((owner, error)),
            messages_max=messages_max,
            bytes_max=bytes_max,
        )

    def put(self, line: Line, body: bytes, owner: str | None = "h") -> bool:
        return self.outbox.put(line, owner, body.decode(), body, self.clock.monotonic_ns() + SECOND)


def test_messages_leave_in_order_and_each_publisher_has_its_own_line() -> None:
    bench, one, other = Bench(), Line("b"), Line("c")
    for body in (b"1", b"2", b"3"):
        assert bench.put(one, body)
    assert bench.put(other, b"x")
    assert len(bench.outbox) == 4
    one.room, other.room = 2, 5
    assert bench.outbox.flush() == 3
    assert (one.sent, other.sent) == ([b"1", b"2"], [b"x"])
    assert (one.held_by, other.held_by) == ({bench.outbox}, set())
    one.room = 1
    bench.outbox.flush()
    assert not bench.outbox
    assert one.held_by == set()


def test_both_bounds_refuse_what_does_not_fit() -> None:
    by_count, by_bytes, line = Bench(messages_max=2), Bench(bytes_max=5), Line()
    assert [by_count.put(line, b"1") for _ in range(3)] == [True, True, False]
    assert [by_bytes.put(line, b"123") for _ in range(2)] == [True, False]
    line.room = 9
    by_bytes.outbox.flush()
    assert by_bytes.put(line, b"12345")


def test_the_streams_that_feed_a_line_are_held_while_it_waits() -> None:
    bench, line = Bench(), Line("b")
    bench.outbox.holds = {"b": ("a", "x"), "c": ("b",)}
    bench.put(line, b"1")
    bench.put(line, b"2")
    assert bench.held == [("a", ("outbox", "b")), ("x", ("outbox", "b"))]
    line.room = 1
    bench.outbox.flush()
    assert len(bench.held) == 2
    line.room = 1
    bench.outbox.flush()
    assert bench.held == []


def test_what_is_too_old_is_dropped_and_told_to_its_handler() -> None:
    bench, line = Bench(), Line()
    bench.put(line, b"old")
    bench.clock.advance("600ms")
    bench.put(line, b"young", owner="other")
    bench.clock.advance("500ms")
    assert bench.outbox.flush() == 1
    assert line.dropped == 1
    ((owner, error),) = bench.failed
    assert (owner, str(error)) == ("h", "old waited 1.100 s")
    assert isinstance(error, BackPressured)
    assert error.__notes__ == ["it waited in the outbox: 'old'"]
    line.room = 1
    bench.outbox.flush()
    assert line.sent == [b"young"]


def test_a_closed_publication_fails_what_waits_for_it() -> None:
    bench, line = Bench(), Line()
    bench.put(line, b"1")
    line.code = STALE
    bench.outbox.flush()
    assert [type(error) for _, error in bench.failed] == [ClosedError]
    assert not bench.outbox


@pytest.mark.parametrize("drops", [True, False])
def test_without_a_subscriber_the_policy_decides_whether_it_waits_on(drops: bool) -> None:
    bench, line = Bench(), Line()
    line.code, line.drops_unconnected = NOT_CONNECTED, drops
    bench.put(line, b"1")
    bench.outbox.flush()
    assert (line.dropped, len(bench.outbox), bench.failed) == (int(drops), int(not drops), [])


def test_the_pause_between_tries_grows_while_nothing_moves() -> None:
    bench, line = Bench(), Line()
    bench.put(line, b"1")
    bench.put(line, b"2")
    first = bench.outbox.nap_ns
    for _ in range(20):
        bench.outbox.flush()
    assert bench.outbox.nap_ns == NAP_LONGEST_NS
    line.room = 1
    bench.outbox.flush()
    assert bench.outbox.nap_ns == first


def test_what_is_left_at_the_end_is_dropped_and_counted() -> None:
    bench, line = Bench(), Line()
    bench.outbox.holds = {"b": ("a",)}
    for _ in range(3):
        bench.put(line, b"1")
    assert bench.outbox.give_up() == 3
    assert (line.dropped, len(bench.outbox), bench.held, line.held_by) == (3, 0, [], set())


# -- which streams are held --------------------------------------------------------------------------------------------


def test_a_chain_holds_what_feeds_the_line() -> None:
    handlers = [(("a",), ("b",)), (("b",), ("c",)), (("c",), ())]
    assert streams_to_hold(handlers, handlers) == {"b": {"a"}, "c": {"b"}}


def test_a_stream_that_feeds_itself_is_read_on_directly_or_round_a_loop() -> None:
    handlers = [(("a",), ("a",)), (("b",), ("c",)), (("c",), ("b",)), (("x",), ("b",))]
    assert streams_to_hold(handlers, handlers) == {"a": set(), "c": set(), "b": {"x"}}


def test_loops_through_handlers_of_other_threads_count_too() -> None:
    own = [(("a",), ("b",))]
    assert streams_to_hold(own, [*own, (("b",), ("a",))]) == {"b": set()}
    assert streams_to_hold(own, own) == {"b": {"a"}}
