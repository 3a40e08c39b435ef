from __future__ import annotations

import threading

import pytest

from actorbus.actors.inbox import CONTROL_LIMIT, DataEntry, Inbox
from actorbus.errors import ClosedError, MailboxFull
from actorbus.ffi import Event

DEADLINE_S = 5.0


def inbox(**bounds: int) -> Inbox:
    return Inbox(Event(), **bounds)


def test_control_comes_out_in_order_and_get_waits_for_it() -> None:
    box = inbox()
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.extend(box.get() for _ in range(3)), daemon=True)
    reader.start()
    for entry in ("a", "b", "c"):
        box.put(entry)
    reader.join(DEADLINE_S)

    assert got == ["a", "b", "c"]


def test_the_data_lane_is_bounded_by_messages_and_by_bytes() -> None:
    box = inbox(messages_max=10, bytes_max=100)

    assert box.offer_data(DataEntry("x", 6, 10))
    assert not box.offer_data(DataEntry("too many", 5, 10))
    assert not box.offer_data(DataEntry("too long", 1, 91))
    assert box.offer_data(DataEntry("y", 4, 90))
    assert box.statistics() == (0, 2, 10, 100, 0)


def test_an_empty_lane_takes_any_one_batch() -> None:
    """A batch above the bound must not wait for ever."""
    box = inbox(messages_max=10, bytes_max=100)

    assert box.offer_data(DataEntry("huge", 50, 5_000))
    assert not box.offer_data(DataEntry("next", 1, 1))
    entry = box.take_data()
    assert entry is not None
    assert entry.batch == "huge"
    assert box.offer_data(DataEntry("next", 1, 1))


def test_a_lane_is_half_empty_below_half_of_both_bounds() -> None:
    box = inbox(messages_max=10, bytes_max=100)
    box.offer_data(DataEntry("a", 5, 50))
    assert box.half_empty
    box.offer_data(DataEntry("b", 1, 1))
    assert not box.half_empty


def test_control_beyond_its_limit_is_refused_not_dropped() -> None:
    box = inbox()
    for number in range(CONTROL_LIMIT):
        box.put(number)

    with pytest.raises(MailboxFull, match="4096"):
        box.put("one more")
    assert box.statistics().control == CONTROL_LIMIT


def test_a_closed_inbox_accepts_nothing_and_returns_what_was_left() -> None:
    box = inbox()
    box.put("left")
    box.offer_data(DataEntry("batch", 7, 70))

    assert box.close() == (["left"], 7)
    with pytest.raises(ClosedError):
        box.put("late")
    with pytest.raises(ClosedError):
        box.offer_data(DataEntry("late", 1, 1))


def test_dropped_data_is_counted() -> None:
    box = inbox()
    box.offer_data(DataEntry("a", 5, 50))
    box.offer_data(DataEntry("b", 2, 20))

    assert box.drop_data() == 7
    assert box.statistics() == (0, 0, 0, 0, 7)
    assert box.take_data() is None


def test_no_entry_is_lost_between_many_tellers_and_one_reader() -> None:
    box = inbox()
    got: list[int] = []
    total = 4 * 2_000
    reader = threading.Thread(target=lambda: got.extend(box.get() for _ in range(total)), daemon=True)

    def tell(first: int) -> None:
        for number in range(first, first + 2_000):
            while True:
                try:
                    box.put(number)
                    break
                except MailboxFull:
                    continue

    reader.start()
    tellers = [threading.Thread(target=tell, args=(n * 2_000,), daemon=True) for n in range(4)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(DEADLINE_S)
    reader.join(DEADLINE_S)

    assert sorted(got) == list(range(total))
    for first in range(0, total, 2_000):
        own = [number for number in got if first <= number < first + 2_000]
        assert own == sorted(own)


def test_a_forced_batch_may_cross_the_bound_once_and_says_so() -> None:
    box = Inbox(Event())
    box.bound(4, 100)

    assert box.force_data(DataEntry("a", 3, 10))
    assert not box.force_data(DataEntry("b", 3, 10))
    assert box.room() == (0, 80)
    box.take_data()
    assert not box.half_empty
    box.take_data()
    assert box.half_empty


def test_squeezing_drops_what_the_policy_says_and_counts_it() -> None:
    box = Inbox(Event())
    box.bound(4, 100)
    dropped = box.squeeze_data(DataEntry("a", 6, 10), lambda data, over, over_bytes: (over, max(0, over_bytes)))

    assert dropped == 2
    assert (box.statistics().messages, box.statistics().dropped) == (4, 2)


def test_a_batch_is_past_when_it_and_those_before_it_are_done() -> None:
    box = Inbox(Event())
    assert box.is_past(0)
    box.offer_data(DataEntry("event", 0, 1))
    box.offer_data(DataEntry("a", 1, 1, 0))
    box.offer_data(DataEntry("b", 1, 1, 2))
    assert not box.is_past(0)
    box.take_data()
    box.take_data()
    assert not box.is_past(0)
    box.data_done()
    assert [box.is_past(number) for number in range(3)] == [True, True, False]
    assert box.has_data
    box.take_data()
    box.data_done()
    assert not box.has_data


def test_a_listener_is_told_after_the_event() -> None:
    box = Inbox(Event())
    told: list[int] = []
    box.listener = lambda: told.append(box.event.value)
    box.put("control")
    box.offer_data(DataEntry("a", 1, 1))

    assert told == [1, 2]
