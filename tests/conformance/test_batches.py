"""Batch frames over three transports: what is gathered arrives whole, in order, in time, or is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import actorbus as ab
from actorbus.ffi import PollPort, PublicationHandle, make_offer_port, make_poll_port
from actorbus.ffi.local import LocalMeeting, LocalPublicationHandle, LocalSubscriptionHandle
from actorbus.ffi.native import ffi, lib
from actorbus.topology.node import Node
from tests.conformance.places import until
from tests.conformance.test_fixed import MADE, Arrays, Each
from tests.conformance.test_node import TRANSPORTS, channel
from tests.support.fixed import Halt, Side, Tick

COUNT = 1500
HOUR = "1h"


def topology(transport: str, form: str, batch: dict[str, object], **handlers: object) -> dict[str, object]:
    return {
        "version": 1,
        "name": "batches",
        "profile": "ci",
        "driver": {"mode": "none" if transport == "in-process" else "embedded"},
        "streams": {
            "ticks": {
                "stream_id": 1,
                "messages": [Tick, Halt],
                "channel": channel(transport, set()),
                "codec": {"format": form},
                "back_pressure": {"policy": "block", "timeout": "20s"},
                "batch": batch,
            }
        },
        "handlers": handlers or {"keeper": {"stream": "ticks", "class": Keeper}},
    }


class Keeper(ab.Handler):
    """Keeps what came, with its address."""

    def __init__(self) -> None:
        MADE["keeper"] = self
        self.kept: list[tuple[ab.Message, int, int]] = []

    @ab.on(Tick)
    def tick(self, message: Tick, meta: ab.Meta) -> None:
        self.kept.append((message.copy(), meta.sequence, meta.index))

    @ab.on(Halt)
    def halt(self, message: Halt, meta: ab.Meta) -> None:
        self.kept.append((message.copy(), meta.sequence, meta.index))


def tick(number: int) -> Tick:
    return Tick(f"S{number % 9}", number / 2, number, Side.SELL if number % 3 else Side.NONE)


@pytest.mark.parametrize("form", ["msgpack", "json", "struct"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_many_are_sent_in_frames_and_arrive_one_by_one(transport: str, form: str) -> None:
    sent: list[ab.Message] = [tick(number) for number in range(COUNT)]
    sent[700] = Halt(700)
    with Node.from_dict(topology(transport, form, {"max_messages": 60, "max_bytes": "4k"})) as node:
        publisher = node.publisher("ticks")
        assert publisher.publish_many(sent) == COUNT
        assert publisher.publish(Halt(-1)) == COUNT
    kept = MADE["keeper"].kept
    assert [message for message, _, _ in kept] == [*sent, Halt(-1)]
    assert [sequence for _, sequence, _ in kept] == list(range(COUNT + 1))
    assert max(index for _, _, index in kept) > 10
    figures = node.stats().streams["ticks"]
    assert (figures.published, figures.received, figures.gaps, figures.malformed) == (COUNT + 1, COUNT + 1, 0, 0)
    assert figures.published_bytes == figures.bytes


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_list_goes_in_frames_where_the_stream_says_nothing_and_an_iterator_does_not(transport: str) -> None:
    sent: list[ab.Message] = [Halt(number) if number % 97 == 5 else tick(number) for number in range(COUNT)]
    with Node.from_dict(topology(transport, "msgpack", {})) as node:
        publisher = node.publisher("ticks")
        assert publisher.publish_many(sent) == COUNT
        assert publisher.publish_many(iter(sent)) == COUNT
    kept = MADE["keeper"].kept
    assert [message for message, _, _ in kept] == [*sent, *sent]
    assert [sequence for _, sequence, _ in kept] == list(range(2 * COUNT))
    assert max(index for _, _, index in kept[:COUNT]) > 10
    assert {index for _, _, index in kept[COUNT:]} == {0}
    figures = node.stats().streams["ticks"]
    assert (figures.published, figures.received, figures.gaps, figures.malformed) == (2 * COUNT, 2 * COUNT, 0, 0)


@pytest.mark.parametrize("form", ["msgpack", "json", "struct"])
def test_a_linger_gathers_lone_messages_and_ends(form: str) -> None:
    with Node.from_dict(topology("in-process", form, {"max_messages": 1000, "linger": "200ms"})) as node:
        publisher = node.publisher("ticks")
        began = time.monotonic()
        assert [publisher.publish(tick(number)) for number in range(50)] == list(range(50))
        published = node.stats().streams["ticks"].published
        in_time = time.monotonic() - began < 0.2
        assert not in_time or published == 0
        until(lambda: len(MADE["keeper"].kept) == 50, "the linger ends")
        assert time.monotonic() - began >= 0.2
    indexes = [index for _, _, index in MADE["keeper"].kept]
    assert not in_time or indexes == list(range(50))


def test_a_full_frame_goes_at_once_and_another_type_ends_one() -> None:
    with Node.from_dict(topology("in-process", "struct", {"max_messages": 4, "linger": HOUR})) as node:
        publisher = node.publisher("ticks")
        for number in range(4):
            publisher.publish(tick(number))
        until(lambda: len(MADE["keeper"].kept) == 4, "a full frame")
        publisher.publish(tick(4))
        publisher.publish(Halt(5))
        until(lambda: len(MADE["keeper"].kept) == 5, "the frame before another type")
        assert publisher.flush()
        until(lambda: len(MADE["keeper"].kept) == 6, "what was flushed")
        publisher.publish(tick(6))
    assert [(sequence, index) for _, sequence, index in MADE["keeper"].kept] == [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 0),
        (5, 0),
        (6, 0),  # flushed by the close
    ]
    assert node.stats().streams["ticks"].dropped == 0


def test_a_message_that_nobody_hears_is_not_accepted_into_a_frame() -> None:
    values: Any = topology("in-process", "struct", {"max_messages": 4, "linger": HOUR})
    values["handlers"] = {}
    values["streams"]["ticks"]["not_connected"] = {"policy": "raise"}
    with Node.from_dict(values) as node:
        publisher = node.publisher("ticks")
        with pytest.raises(ab.NotConnected):
            publisher.publish(tick(1))
        assert publisher.flush()
    assert node.stats().streams["ticks"].dropped == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_array_is_published_as_it_lies(transport: str) -> None:
    handlers = {
        "arrays": {"stream": "ticks", "class": Arrays, "priority": 2},
        "each": {"stream": "ticks", "class": Each, "priority": 1},
    }
    with Node.from_dict(topology(transport, "struct", {}, **handlers)) as node:
        publisher = node.publisher("ticks")
        columns = np.zeros(COUNT, ab.dtype_of(Tick))
        expected = [tick(number) for number in range(COUNT)]
        for name in columns.dtype.names or ():
            columns[name] = [getattr(each, name) for each in expected]
        assert publisher.publish(tick(-1)) == 0
        assert publisher.publish_columns(columns) == COUNT
        assert publisher.publish_columns(columns[:0]) == 0
        assert publisher.publish_columns(columns[::-7]) == len(columns[::-7])
        assert publisher.publish(Halt(5)) == 1 + COUNT + len(columns[::-7])
    each, arrays = MADE["each"], MADE["arrays"]
    assert each.kept == [tick(-1), *expected, *expected[::-7], Halt(5)]
    assert each.sum == arrays.sum
    assert arrays.sequences == list(range(1 + COUNT + len(expected[::-7])))
    figures = node.stats().streams["ticks"]
    assert (figures.published, figures.gaps, figures.malformed) == (len(each.kept), 0, 0)


def gathering(meeting: LocalMeeting, max_messages: int = 3) -> tuple[PublicationHandle, Any, Any]:
    """An in-process publication that gathers raw bodies, its port and counters."""
    publication = LocalPublicationHandle.open(meeting, 5, 1)
    counters = ffi.new("int64_t[]", lib.AB_STREAM_COUNTERS)
    publication.configure(
        framed=True,
        format_id=0,
        publisher=9,
        sequence=0,
        types=[(1, 1)],
        counters=int(ffi.cast("uintptr_t", counters)),
        wake=None,
    )
    publication.gather(max_messages, 4096, 3_600_000_000_000, None)
    return publication, make_offer_port(publication.handle, None, lambda _message, _body, code: code), counters


@pytest.fixture
def meeting() -> Iterator[LocalMeeting]:
    made = LocalMeeting(64 * 1024, "here")
    yield made
    made.release()


def received(port: PollPort) -> list[tuple[bytes, int, int]]:
    """Everything that waits: (body, sequence, index)."""
    found: list[tuple[bytes, int, int]] = []
    while (count := port.poll()) != 0:
        if count > 0:
            found += [(body, record[3], record[2]) for body, record in zip(port.bodies(), port.records(), strict=True)]
        else:
            _ = port.notices()
    return found


def test_a_refused_frame_is_kept_in_front_and_what_policy_drops_is_a_hole(meeting: LocalMeeting) -> None:
    reader = LocalSubscriptionHandle.open(meeting)
    reader.configure(framed=True, format_id=0, types=[(1, 1, True)], counters=None)
    poll = make_poll_port(reader.handle)
    publication, port, counters = gathering(meeting)
    assert port.control(lib.AB_HELLO) == 0
    meeting.fault(refuse=3)
    assert [port.offer(b"a"), port.offer(b"b"), port.offer(b"c")] == [0, 1, 2]  # full, refused once, and kept
    assert port.offer(b"d") == lib.AB_BACK_PRESSURED
    assert port.drop() == 3
    assert port.flush() == lib.AB_BACK_PRESSURED
    assert received(poll) == []
    assert port.offer(b"e") == 4
    assert received(poll) == [(b"a", 0, 0), (b"b", 1, 1), (b"c", 2, 2)]
    assert port.drop() == 5
    assert port.offer(b"f") == 6  # not in one frame with e: there is a hole between them
    assert received(poll) == [(b"e", 4, 0)]
    assert port.control(lib.AB_BEAT) == 0
    assert received(poll) == [(b"f", 6, 0)]
    assert [counters[place] for place in (lib.AB_PUBLISHED, lib.AB_DROPPED, lib.AB_BACK_PRESSURED_COUNT)] == [5, 2, 1]
    publication.close(time.monotonic_ns() + 10**10)
    reader.close(time.monotonic_ns() + 10**10)


def test_what_cannot_be_sent_before_the_end_is_counted_and_told(meeting: LocalMeeting) -> None:
    reader = LocalSubscriptionHandle.open(meeting)
    missing = ffi.new("int64_t[]", lib.AB_STREAM_COUNTERS)
    reader.configure(framed=True, format_id=0, types=[(1, 1, True)], counters=int(ffi.cast("uintptr_t", missing)))
    poll = make_poll_port(reader.handle)
    publication, port, counters = gathering(meeting)
    assert port.control(lib.AB_HELLO) == 0
    assert [port.offer(b"a"), port.offer(b"b")] == [0, 1]
    meeting.fault(refuse=1)
    assert port.control(lib.AB_BYE) == 0
    assert received(poll) == []
    assert (counters[lib.AB_DROPPED], counters[lib.AB_PUBLISHED], missing[lib.AB_MISSING]) == (2, 0, 2)
    assert port.give_up() == 0
    publication.close(time.monotonic_ns() + 10**10)
    reader.close(time.monotonic_ns() + 10**10)


@pytest.mark.parametrize("arguments", [(0, 1, 0), (65_536, 1, 0), (2, 0, 0), (2, 1, -1)])
def test_frames_out_of_bounds_are_refused(meeting: LocalMeeting, arguments: tuple[int, int, int]) -> None:
    publication = LocalPublicationHandle.open(meeting, 5, 1)
    publication.configure(framed=True, format_id=0, publisher=9, sequence=0, types=[(1, 1)], counters=None, wake=None)
    with pytest.raises(ab.ActorBusError):
        publication.gather(*arguments, None)
    publication.close(time.monotonic_ns() + 10**10)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=80), st.integers(2, 40), st.integers(40, 1500))
@settings(max_examples=60, deadline=None)
def test_bodies_of_all_sizes_come_out_as_they_went_in(bodies: list[bytes], most: int, longest: int) -> None:
    meeting = LocalMeeting(64 * 1024, "here")
    reader = LocalSubscriptionHandle.open(meeting)
    reader.configure(framed=True, format_id=0, types=[(1, 1, True)], counters=None)
    poll = make_poll_port(reader.handle)
    publication = LocalPublicationHandle.open(meeting, 5, 1)
    publication.configure(framed=True, format_id=0, publisher=9, sequence=0, types=[(1, 1)], counters=None, wake=None)
    publication.gather(most, longest, 0, None)
    port = make_offer_port(publication.handle, None, lambda _message, _body, code: code)
    found: list[tuple[bytes, int, int]] = []
    assert port.publish_list(bodies) == (len(bodies), 0)
    found = received(poll)
    assert [(body, sequence) for body, sequence, _ in found] == [(body, place) for place, body in enumerate(bodies)]
    assert max(index for _, _, index in found) < most
    publication.close(time.monotonic_ns() + 10**10)
    reader.close(time.monotonic_ns() + 10**10)
    meeting.release()
