"""pyaeron with struct.unpack_from, as a peer."""

from __future__ import annotations

from actorbus.bench.fixed import fixed_bodies
from actorbus.bench.peers.pyaeron_struct import HEAD, two_fields
from tests.unit.bench.peers.exchange import measured


def test_it_reads_two_of_five_fields_of_our_own_layout() -> None:
    handle, fields = two_fields()
    bodies = [HEAD.pack(kind) + body for kind, body in fixed_bodies()]
    handle(bodies[2])
    assert (fields.count, fields.last) == (1, 3 + 4)
    handle(bodies[3])
    assert (fields.count, fields.last) == (2, 4 + 5)


def test_it_carries_fixed_layouts() -> None:
    lane = measured("pyaeron+struct", form="struct", own_publish=False)

    assert lane.taken >= 100
    assert lane.lost == 0
