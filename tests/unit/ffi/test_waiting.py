from __future__ import annotations

import threading
import time

import pytest

from actorbus.errors import ClosedError, InvalidValue, OutOfMemory, UsageError
from actorbus.ffi.native import lib
from actorbus.ffi.waiting import TIMED_OUT, WAKE, Event, Idle, PollSet


class FakeSubscription:
    """Something with a native handle: a batch builder without a driver."""

    def __init__(self) -> None:
        self.handle = lib.ab_batch_open()

    def close(self) -> None:
        lib.ab_batch_close(self.handle)


def in_ms(ms: float) -> int:
    return time.monotonic_ns() + round(ms * 1e6)


def test_a_bump_moves_the_word() -> None:
    event = Event()
    seen = event.value
    event.bump()
    assert event.value == seen + 1
    assert event.wait(seen)  # it moved already: no wait at all


def test_a_wait_ends_at_its_deadline() -> None:
    event = Event()
    began = time.monotonic_ns()
    assert not event.wait(event.value, in_ms(5))
    assert time.monotonic_ns() - began >= 5_000_000


@pytest.mark.parametrize("deadline_ns", [None, 60_000])
def test_a_wait_of_the_main_thread_is_ended_by_another(deadline_ns: int | None) -> None:
    event = Event()
    seen = event.value
    teller = threading.Thread(target=event.bump)
    teller.start()
    assert event.wait(seen, None if deadline_ns is None else in_ms(deadline_ns))
    teller.join()


def test_a_wait_of_another_thread_is_ended_by_a_bump() -> None:
    event = Event()
    seen, result = event.value, list[bool]()
    waiter = threading.Thread(target=lambda: result.append(event.wait(seen)))
    waiter.start()
    event.bump()
    waiter.join(60)
    assert result == [True]


@pytest.mark.parametrize("kind", ["busy_spin", "yield", "backoff", "sleep"])
def test_every_idle_strategy_waits_and_wakes(kind: str) -> None:
    idle = Idle(kind)  # pyright: ignore[reportArgumentType] - by table
    event, poll_set = Event(), PollSet()
    waiter = poll_set.waiter(event, idle)
    assert waiter.wait(event.value, in_ms(2)) == TIMED_OUT
    seen = event.value
    event.bump()
    assert waiter.wait(seen, in_ms(60_000)) == WAKE
    assert waiter.wait(seen, None) == WAKE
    poll_set.close()
    assert kind in repr(idle)


def test_a_wrong_idle_strategy_is_named() -> None:
    with pytest.raises(InvalidValue, match="'dance' is not one of busy_spin, yield"):
        Idle("dance")  # pyright: ignore[reportArgumentType] - wrong on purpose
    with pytest.raises(InvalidValue, match="min_park_ns"):
        Idle("backoff", min_park_ns=2, max_park_ns=1)
    with pytest.raises(InvalidValue, match="min_park_ns"):
        Idle("backoff", min_park_ns=0)
    with pytest.raises(InvalidValue, match=r"max_park_ns \(1000000\) <= rest_park_ns \(5\)"):
        Idle("backoff", rest_park_ns=5)


def test_subscriptions_are_numbered_in_the_order_of_adding() -> None:
    poll_set, first, second = PollSet(), FakeSubscription(), FakeSubscription()
    assert (poll_set.add(first), poll_set.add(second)) == (0, 1)
    poll_set.pause(1, True)
    poll_set.pause(1, False)
    with pytest.raises(UsageError, match="number 7"):
        poll_set.pause(7, True)
    assert poll_set.waiter(Event(), Idle.backoff()).wait(0, in_ms(2)) == TIMED_OUT
    first.close()
    second.close()
    poll_set.close()


def test_a_pass_without_waiting_names_the_next_stream_that_has_something() -> None:
    poll_set, streams = PollSet(), [FakeSubscription() for _ in range(3)]
    waiter = poll_set.waiter(Event(), Idle.backoff())
    assert [poll_set.add(stream) for stream in streams] == [0, 1, 2]
    assert waiter.ready(0) == TIMED_OUT
    for number in (0, 2):
        assert lib.ab_batch_feed(streams[number].handle, 1, 64, b"", 0, 0xC0) != 0
    lib.ab_batch_image(streams[1].handle, lib.AB_IMAGE_LEFT, 1, 64, 64)
    assert waiter.ready(1) == 1
    poll_set.pause(1, True)
    assert waiter.ready(1) == TIMED_OUT
    for stream in streams:
        stream.close()
    assert waiter.ready(0) == TIMED_OUT
    poll_set.close()
    with pytest.raises(ClosedError):
        waiter.ready(0)


def test_a_wait_behind_a_timeout_begins_anew_when_it_is_told_of_work() -> None:
    poll_set, stream = PollSet(), FakeSubscription()
    poll_set.add(stream)
    waiter = poll_set.waiter(Event(), Idle("backoff", rest_park_ns=20_000_000))
    assert waiter.wait(0, in_ms(2)) == TIMED_OUT
    assert waiter.wait(0, in_ms(2)) == TIMED_OUT
    waiter.stir()
    assert waiter.wait(0, in_ms(2)) == TIMED_OUT
    poll_set.close()
    stream.close()
    with pytest.raises(ClosedError):
        waiter.stir()


def test_a_set_that_is_full_says_so() -> None:
    poll_set, subscription = PollSet(), FakeSubscription()

    def fill() -> None:
        for _ in range(5000):
            poll_set.add(subscription)

    with pytest.raises(OutOfMemory):
        fill()
    poll_set.close()
    subscription.close()


def test_a_closed_set_is_closed() -> None:
    poll_set = PollSet()
    waiter = poll_set.waiter(Event(), Idle.backoff())
    poll_set.close()
    poll_set.close()
    with pytest.raises(ClosedError, match="poll set is closed"):
        poll_set.add(FakeSubscription())
    with pytest.raises(ClosedError):
        waiter.wait(0, 0)
