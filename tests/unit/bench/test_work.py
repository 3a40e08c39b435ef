"""The work: bodies differ, and both sides know them."""

from __future__ import annotations

import msgspec

from actorbus.bench import work
from actorbus.codec.frame import unpack
from actorbus.message.base import type_id_of


def test_every_body_differs() -> None:
    assert len(set(work.typed_bodies(1000))) == 1000
    assert len(set(work.bodies_of(32))) == work.count_of(32)


def test_bodies_of_a_size_are_the_same_in_every_process() -> None:
    assert work.bodies_of(100) == work.bodies_of(100)
    assert {len(body) for body in work.bodies_of(100)} == {100}


def test_counts_are_powers_of_two_that_fit_into_memory() -> None:
    for size in (32, 1024, 10_240, 102_400):
        count = work.count_of(size)
        assert count & (count - 1) == 0
        assert 64 <= count <= work.FRAMES
    assert work.count_of(0) == work.FRAMES


def test_three_quotes_and_a_fill() -> None:
    decode = msgspec.msgpack.Decoder(work.Quote | work.Fill).decode
    kinds = [type(decode(body)).__name__ for body in work.typed_bodies(8)]

    assert kinds == ["Quote", "Quote", "Quote", "Fill"] * 2


def test_texts_are_not_always_the_same() -> None:
    assert len({message.symbol for message in work.typed_messages(1000)}) == len(work.SYMBOLS)


def test_a_framed_message_can_be_taken_apart() -> None:
    frame = unpack(work.framed(b"\x91\x01", type_id=work.QUOTE_ID, sequence=9))

    assert (frame.type_id, frame.sequence, frame.bodies) == (work.QUOTE_ID, 9, (b"\x91\x01",))


def test_kinds_are_made_once_and_have_ids_of_their_own() -> None:
    assert work.kind_class(3) is work.kind_class(3)
    assert type_id_of(work.kind_class(3)) != type_id_of(work.kind_class(4))
