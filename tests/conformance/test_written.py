"""Messages that native code writes, through their port: frames, numbers, refusals and errors are those of msgspec's."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import actorbus as ab
from actorbus.ffi.native import lib
from actorbus.message import Message
from actorbus.topology.node import Node
from tests.conformance.test_batches import COUNT, topology
from tests.conformance.test_fixed import MADE
from tests.conformance.test_node import TRANSPORTS
from tests.support.fixed import Halt
from tests.support.plain import CLASSES, ENCODE, MESSAGES, Bus, Empty, Loose, Plain, Text, Wide, bus, plain, writer_of

HOUR_NS = 3_600_000_000_000
PAUSE = 32
"""WRITE_PAUSE of native/ab_port_write.c.inc."""


# -- publish -----------------------------------------------------------------------------------------------------------


def test_published_messages_arrive_as_if_msgspec_had_written_them() -> None:
    writer = writer_of(*CLASSES)
    sent: list[Message] = [plain(1), Empty(), Loose(2.5, None, {"a": "b"}), Loose("é"), Wide()]
    with bus(*CLASSES, writer=writer) as on:
        assert [on.port.publish(message) for message in sent] == [0, 1, 2, 3, 4]
        assert on.received() == [(ENCODE(message), place, 0) for place, message in enumerate(sent)]
    assert writer.written == 3, "the dict is msgspec's, and so is the next message of its class"


def test_a_class_with_a_message_for_msgspec_is_left_to_it_for_a_while() -> None:
    writer = writer_of(Loose, Empty)
    with bus(Loose, Empty, writer=writer) as on:
        on.port.publish(Loose(tags={}))
        for _ in range(PAUSE):
            on.port.publish(Loose(1))
        assert writer.written == 0
        on.port.publish(Empty())
        on.port.publish(Loose(1))
        assert writer.written == 2
        assert on.bodies() == [ENCODE(m) for m in (Loose(tags={}), *[Loose(1)] * PAUSE, Empty(), Loose(1))]


def test_a_refused_message_keeps_its_body_and_number_for_the_next_try() -> None:
    with bus(Plain, writer=writer_of(Plain)) as on:
        assert on.port.publish(plain(1)) == 0
        on.meeting.fault(refuse=1)
        assert on.port.publish(plain(2)) == lib.AB_BACK_PRESSURED
        assert on.refusals == [(plain(2), ENCODE(plain(2)), lib.AB_BACK_PRESSURED)]
        on.port.hold(True)
        assert on.port.publish(plain(3)) == lib.AB_BACK_PRESSURED
        assert on.port.retry(on.refusals[0][1]) == 1
        on.port.hold(False)
        assert on.port.drop() == 2
        assert on.port.publish(plain(4)) == 3
        assert [sequence for _, sequence, _ in on.received()] == [0, 1, 3]


def test_what_cannot_be_published_is_refused_with_the_codes_it_always_had() -> None:
    large, other = Text("x" * 8160), Empty()
    above, wrong = Plain(2**63, "", 0.0, b"", True), Loose(second=cast("Any", object()))
    with bus(Plain, Text, Loose, writer=writer_of(*CLASSES, Text)) as on:
        codes = [on.port.publish(message) for message in (large, other, above, wrong)]
        assert codes == [lib.AB_TOO_LARGE, lib.AB_UNKNOWN_TYPE, lib.AB_UNFIT, lib.AB_ENCODE]
        assert [body for _, body, _ in on.refusals[:3]] == [ENCODE(large), ENCODE(other), None]
        assert isinstance(on.refusals[3][1], TypeError)
        for message, code in zip((large, other, above), codes, strict=False):
            assert on.port.publish_many([plain(1), message]) == (1, code)
            until_native_again(on)
        assert len(on.bodies()) == 3 * (1 + PAUSE)


def until_native_again(on: Bus) -> None:
    """Publish the lists that are left to the encoder."""
    for _ in range(PAUSE):
        assert on.port.publish_many([plain(0)]) == (1, lib.AB_OK)


# -- publish_many ------------------------------------------------------------------------------------------------------


@given(st.lists(MESSAGES, max_size=60), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_list_arrives_in_order_in_frames_of_one_type(messages: list[Message], as_tuple: bool) -> None:
    writer = writer_of(*CLASSES)
    with bus(*CLASSES, writer=writer) as on:
        sent = 0
        found: list[tuple[bytes, int, int]] = []
        while sent < len(messages):  # the ring holds 32 KiB of what nobody read
            left = messages[sent:]
            accepted, code = on.port.publish_many(tuple(left) if as_tuple else left)
            sent += accepted
            assert code in (lib.AB_OK, lib.AB_BACK_PRESSURED)
            found += on.received()
        assert [(body, sequence) for body, sequence, _ in found] == [(ENCODE(m), n) for n, m in enumerate(messages)]
        assert writer.written == len(messages)


def test_a_run_of_one_type_is_one_frame() -> None:
    sent = [plain(1), plain(2), plain(3), Empty(), plain(4), plain(5)]
    with bus(Plain, Empty, writer=writer_of(Plain, Empty)) as on:
        assert on.port.publish_many(sent) == (6, lib.AB_OK)
        assert on.port.publish_many([]) == (0, lib.AB_OK)
        assert [index for _, _, index in on.received()] == [0, 1, 2, 0, 0, 1]


def test_a_frame_is_as_large_as_the_stream_says() -> None:
    with bus(Plain, writer=writer_of(Plain)) as on:
        on.publication.gather(3, 4096, 0, None)
        assert on.port.publish_many([plain(number) for number in range(7)]) == (7, lib.AB_OK)
        assert [index for _, _, index in on.received()] == [0, 1, 2, 0, 1, 2, 0]


def test_with_a_linger_lone_messages_and_lists_are_gathered() -> None:
    writer = writer_of(Plain)
    with bus(Plain, writer=writer) as on:
        on.publication.gather(3, 4096, HOUR_NS, None)
        assert [on.port.publish(plain(0)), on.port.publish(plain(1))] == [0, 1]
        assert on.received() == []
        assert on.port.publish_many([plain(2), plain(3)]) == (2, lib.AB_OK)
        assert [index for _, _, index in on.received()] == [0, 1, 2]
        assert on.port.flush() == 0
        assert on.received() == [(ENCODE(plain(3)), 3, 0)]
        assert writer.written == 4


def test_a_list_that_finds_no_room_half_way_says_how_many_went() -> None:
    message = Text("x" * 1000)
    with bus(Text, writer=writer_of(Text)) as on:
        sent, code = on.port.publish_many([message] * 100)
        assert 0 < sent < 100
        assert (code, on.port.sequence) == (lib.AB_BACK_PRESSURED, sent)
        assert on.port.publish_many([message]) == (0, lib.AB_BACK_PRESSURED)
        assert [sequence for _, sequence, _ in on.received()] == list(range(sent))
        assert on.port.publish_many([message]) == (1, lib.AB_OK)
        on.port.hold(True)
        assert on.port.publish_many([message]) == (0, lib.AB_BACK_PRESSURED)


def test_the_rest_of_a_list_behind_what_is_not_plain_is_msgspecs_and_the_writer_comes_back() -> None:
    writer = writer_of(Plain, Loose)
    sent = [plain(1), plain(2), Loose(tags={"a": "b"}), plain(3)]
    with bus(Plain, Loose, writer=writer) as on:
        assert on.port.publish_many(sent) == (4, lib.AB_OK)
        assert on.received() == [(ENCODE(message), n, (0, 1, 0, 0)[n]) for n, message in enumerate(sent)]
        assert writer.written == 2
        until_native_again(on)
        assert writer.written == 2
        assert on.port.publish_many([plain(4)]) == (1, lib.AB_OK)
        assert writer.written == 3


def test_a_list_with_a_message_that_cannot_be_encoded_sends_those_before_it_or_raises() -> None:
    wrong = Loose(cast("Any", object()))
    with bus(Plain, Loose, writer=writer_of(Plain, Loose)) as on:
        assert on.port.publish_many([plain(1), plain(2), wrong, plain(3)]) == (2, lib.AB_ENCODE)
        assert on.bodies() == [ENCODE(plain(1)), ENCODE(plain(2))]
        with pytest.raises(TypeError, match="unsupported"):
            on.port.publish_many([plain(1), wrong])  # one of those that go to the encoder whole
        assert on.received() == []


def test_a_list_of_another_kind_is_msgspecs() -> None:
    class Batch(list[Message]):
        pass

    writer = writer_of(Plain)
    with bus(Plain, writer=writer) as on:
        assert on.port.publish_many(Batch([plain(1), plain(2)])) == (2, lib.AB_OK)
        assert len(on.bodies()) == 2
        assert writer.written == 0


def test_a_closed_publication_is_stale() -> None:
    writer = writer_of(Plain)
    with bus(Plain, writer=writer) as on:
        on.publication.close(time.monotonic_ns() + 10**10)
        assert on.port.publish(plain(1)) == lib.AB_STALE
        assert on.port.publish_many([plain(1)]) == (0, lib.AB_STALE)


# -- a node ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_wrong_with_a_message_of_a_list_is_told_as_ever_and_those_before_it_are_sent(transport: str) -> None:
    halts = [Halt(number) for number in range(COUNT)]
    with Node.from_dict(topology(transport, "msgpack", {})) as node:
        publisher = node.publisher("ticks")
        assert publisher.publish_many(halts) == COUNT
        for wrong in (Halt(2**63), Halt(cast("Any", object()))):
            with pytest.raises(ab.EncodeError, match="Halt.number"):
                publisher.publish_many([*halts[:5], wrong, Halt(9)])
            for _ in range(PAUSE):
                publisher.publish_many([Halt(0)])
        with pytest.raises(ab.EncodeError, match="Halt.number is 9223372036854775808"):
            publisher.publish(Halt(2**63))
        assert publisher.publish(Halt(7)) == COUNT + 2 * (5 + PAUSE)
    kept = MADE["keeper"].kept
    part = [*halts[:5], *[Halt(0)] * PAUSE]
    assert [message for message, _, _ in kept] == [*halts, *part, *part, Halt(7)]
    assert [sequence for _, sequence, _ in kept] == list(range(len(kept)))
    figures = node.stats().streams["ticks"]
    assert (figures.published, figures.received, figures.gaps, figures.malformed) == (len(kept), len(kept), 0, 0)
    assert figures.published_bytes == figures.bytes
