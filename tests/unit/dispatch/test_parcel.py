"""Parcels: where a message came from is known after the batch is gone, for every part of it."""

from __future__ import annotations

import actorbus.dispatch as d
from tests.unit.dispatch.fakes import FakePort


def parcel_of(*bodies: bytes) -> tuple[FakePort, d.Parcel]:
    port = FakePort()
    port.feed(*bodies)
    port.poll()
    origin = d.Origin("ticks", 5, port)
    return port, d.Parcel(origin, [body.decode() for body in bodies])


def test_records_and_bodies_are_those_of_the_port() -> None:
    port, parcel = parcel_of(b"a", b"bb", b"ccc")

    assert [parcel.record(index) for index in range(3)] == [port.record(index) for index in range(3)]
    assert [parcel.origin.body(place) for place in range(3)] == [b"a", b"bb", b"ccc"]
    assert (parcel.origin.count, parcel.origin.size, parcel.size, parcel.origin.number) == (3, 6, 6, 5)


def test_parts_keep_the_places_of_their_messages() -> None:
    port, parcel = parcel_of(b"a", b"b", b"c", b"d")
    tail = parcel.part(1, 4)
    odd = tail.keep(lambda index, message: message != "c")

    assert (tail.messages, odd.messages) == (["b", "c", "d"], ["b", "d"])
    assert [odd.place(index) for index in range(2)] == [1, 3]
    assert odd.part(1, 2).record(0) == port.record(3)
    assert parcel.part(0, 4) is parcel
    assert tail.keep(lambda index, message: True) is tail
    assert (len(odd), odd.size) == (2, 2)


def test_a_refused_message_carries_its_address_its_body_and_why() -> None:
    port, parcel = parcel_of(b"a", b"bb")
    record = port.record(1)

    assert parcel.origin.refused(1, 4, "why") == (*record[:4], record[7], record[8], 4, "why", b"bb")
