from __future__ import annotations

from typing import cast

from actorbus.actors.mirror import MIRRORED, Mirror
from actorbus.metrics import Statistics, StreamCounter
from actorbus.transport import Client


class FakeCounter:
    def __init__(self) -> None:
        self.value = 0

    def set(self, value: int) -> None:
        self.value = value


class FakeClient:
    def __init__(self) -> None:
        self.counters: dict[tuple[int, str], FakeCounter] = {}

    def add_counter(self, label: str, *, type_id: int) -> FakeCounter:
        return self.counters.setdefault((type_id, label), FakeCounter())


def test_the_sums_over_all_streams_are_written() -> None:
    client = FakeClient()
    mirror = Mirror(cast("Client", client), "demo")
    with Statistics.private() as statistics:
        blocks = [statistics.counter_block("stream", name) for name in ("a", "b")]
        blocks[0].add(StreamCounter.PUBLISHED, 5)
        blocks[1].add(StreamCounter.PUBLISHED, 7)
        blocks[1].add(StreamCounter.MISSING, 2)
        mirror.update(blocks)

    assert client.counters[1101, "actorbus demo: published"].value == 12
    assert client.counters[1103, "actorbus demo: missing"].value == 2
    assert client.counters[1102, "actorbus demo: received"].value == 0


def test_type_ids_are_applications_and_differ() -> None:
    ids = [total.type_id for total in MIRRORED]
    assert len(set(ids)) == len(ids)
    assert min(ids) >= 1000
