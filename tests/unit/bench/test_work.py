"""The work: bodies differ, handlers read them."""

from __future__ import annotations

import msgspec
import pytest

import actorbus as ab
from actorbus.bench import work
from actorbus.codec.frame import unpack
from actorbus.message.base import type_id_of


def test_every_body_differs() -> None:
    assert len(set(work.typed_bodies(1000))) == 1000
    assert len(set(work.raw_bodies(32, 1000))) == 1000


def test_three_quotes_and_a_fill() -> None:
    decode = msgspec.msgpack.Decoder(work.Quote | work.Fill).decode
    kinds = [type(decode(body)).__name__ for body in work.typed_bodies(8)]

    assert kinds == ["Quote", "Quote", "Quote", "Fill"] * 2


def test_a_raw_body_has_its_size_and_its_number_in_front() -> None:
    body = work.raw_bodies(100, 3)[2]

    assert len(body) == 100
    assert body[:8] == (2).to_bytes(8, "little")


def test_a_framed_message_can_be_taken_apart() -> None:
    frame = unpack(work.framed(b"\x91\x01", type_id=work.QUOTE_ID, sequence=9))

    assert (frame.type_id, frame.sequence, frame.bodies) == (work.QUOTE_ID, 9, (b"\x91\x01",))


def test_kinds_are_made_once_and_have_ids_of_their_own() -> None:
    assert work.kind_class(3) is work.kind_class(3)
    assert type_id_of(work.kind_class(3)) != type_id_of(work.kind_class(4))


@pytest.mark.parametrize("sink", [work.Sink, work.ByteSink])
def test_a_sink_is_the_one_made_last(sink: type[work.Sink]) -> None:
    made = sink()

    assert work.last_made() is made


def test_sinks_keep_a_number_of_every_message() -> None:
    sink = work.Sink()
    sink.quote(work.Quote(1, "A", 7, 8, 9))
    sink.fill(work.Fill(1, "A", 6, 1, 1))

    assert (sink.count, sink.last) == (2, 6)


def test_a_bystander_takes_its_type_alone() -> None:
    assert issubclass(work.bystander(work.Quote), ab.Handler)


def test_a_late_tick_is_recorded_and_one_of_the_warm_up_is_not() -> None:
    sink = work.TickSink()
    sink.tick(work.Tick(-1, 0))
    sink.tick(work.Tick(0, 0))

    assert (sink.count, sink.found.snapshot().count) == (2, 1)
