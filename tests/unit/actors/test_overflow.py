"""Overflow policies hold their bounds, keep order, and what they say they dropped is what is gone."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from actorbus.actors.inbox import DataEntry
from actorbus.actors.overflow import conflate, drop_oldest, entry_of, split
from actorbus.dispatch import Origin, Parcel
from tests.unit.dispatch.fakes import FakePort
from tests.unit.dispatch.test_stream import Tick


def parcel(*numbers: int, size: int = 10) -> Parcel:
    port = FakePort()
    port.feed(*(b"x" * size for _ in numbers))
    port.poll()
    return Parcel(Origin("ticks", 0, port), [Tick(n) for n in numbers])


def numbers(lane: deque[DataEntry]) -> list[int]:
    return [message.n for entry in lane if isinstance(entry.batch, Parcel) for message in entry.batch.messages]  # type: ignore[attr-defined]


lanes = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=5), min_size=1, max_size=8)


@given(made=lanes, room=st.integers(1, 20))
def test_drop_oldest_keeps_the_newest_that_fit(made: list[list[int]], room: int) -> None:
    lane = deque(entry_of(parcel(*each)) for each in made)
    everything = numbers(lane)
    before = sum(entry.messages for entry in lane), sum(entry.bytes for entry in lane)
    dropped, dropped_bytes = drop_oldest(lane, before[0] - room, before[1] - 10 * room)
    after = sum(entry.messages for entry in lane), sum(entry.bytes for entry in lane)

    assert numbers(lane) == everything[-room:]
    assert (dropped, dropped_bytes) == (before[0] - after[0], before[1] - after[1])


@given(made=lanes, room=st.integers(1, 20))
def test_conflate_keeps_the_newest_of_each_key(made: list[list[int]], room: int) -> None:
    lane = deque(entry_of(parcel(*each)) for each in made)
    everything = numbers(lane)
    before = sum(entry.messages for entry in lane), sum(entry.bytes for entry in lane)
    dropped, dropped_bytes = conflate("n")(lane, before[0] - room, before[1] - 10 * room)
    newest = [n for place, n in enumerate(everything) if n not in everything[place + 1 :]]
    after = sum(entry.messages for entry in lane), sum(entry.bytes for entry in lane)

    assert numbers(lane) == newest[-room:]
    assert (dropped, dropped_bytes) == (before[0] - after[0], before[1] - after[1])


def test_the_newest_message_stays_even_when_it_alone_is_too_much() -> None:
    lane = deque([entry_of(parcel(1, 2)), entry_of(parcel(3, size=1_000))])

    assert drop_oldest(lane, 0, 900) == (2, 20)
    assert numbers(lane) == [3]


def test_events_are_never_dropped() -> None:
    event = DataEntry("an event", 0, 256)
    lane = deque([event, entry_of(parcel(1, 2)), event, entry_of(parcel(3))])
    drop_oldest(lane, 2, 0)

    assert [entry.batch for entry in lane if entry.messages == 0] == ["an event"] * 2
    assert numbers(lane) == [3]


def test_split_gives_what_fits_by_messages_and_by_bytes() -> None:
    one = parcel(1, 2, 3, 4)
    assert split(one, 9, 99) == (one, None)
    for room, size, kept in ((2, 99, 2), (9, 30, 3), (0, 99, 0), (9, 0, 0)):
        begin, rest = split(one, room, size)
        assert (len(begin) if begin else 0, len(rest) if rest else 0) == (kept, 4 - kept)
