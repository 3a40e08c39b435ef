"""`node.subscribe` from a place in a recording, over the real media driver and in-process: then live, without a gap."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import actorbus as ab
from actorbus.dispatch import ReplayEnded, ReplayJoined
from actorbus.journal import open_recording

MESSAGES = 3_000
PATIENCE_S = 20.0


class Tick(ab.Message, type_id=1001, version=1):
    """A numbered message."""

    n: int


def topology(tmp_path: Path, mode: str = "embedded", channel: str = "aeron:ipc?term-length=256k") -> dict[str, Any]:
    return {
        "version": 1,
        "name": "replayed",
        "profile": "ci",
        "driver": {"mode": mode},
        "streams": {"ticks": {"channel": channel, "stream_id": 1001, "messages": [Tick]}},
        "recorders": {"tape": {"streams": ["ticks"], "directory": str(tmp_path / "tape"), "sync": "none"}},
    }


def publish(node: ab.Node, first: int, count: int = MESSAGES) -> None:
    ticks = node.publisher("ticks", Tick)
    for n in range(first, first + count):
        ticks.publish(Tick(n))


def taken(subscription: ab.Subscription[Tick], count: int) -> list[int]:
    def each() -> Iterator[int]:
        for batch in subscription.batches(PATIENCE_S):
            yield from (tick.n for tick in batch)

    return list(islice(each(), count))


def events(node: ab.Node) -> list[object]:
    return list(node._need_supervisor().events)  # pyright: ignore[reportPrivateUsage] - what was told


@pytest.mark.parametrize(
    ("mode", "channel"),
    [
        ("embedded", "aeron:ipc?term-length=256k"),
        ("embedded", "aeron:udp?endpoint=127.0.0.1:24391|term-length=256k"),
        ("none", "aeron:ipc?term-length=256k"),
    ],
)
def test_from_the_earliest_record_on_and_then_live(tmp_path: Path, mode: str, channel: str) -> None:
    with ab.Node.from_dict(topology(tmp_path, mode, channel)) as node:
        publish(node, 0)
        with node.subscribe("ticks", Tick, start="earliest") as subscription:
            publisher = threading.Thread(target=publish, args=(node, MESSAGES))
            publisher.start()
            assert taken(subscription, 2 * MESSAGES) == list(range(2 * MESSAGES))
            publisher.join()
            assert node.wait(until_idle_ns=1_500_000_000, for_ns=30_000_000_000) == "idle"  # a Beat is heard
            publish(node, 2 * MESSAGES, 50)
            assert taken(subscription, 50) == list(range(2 * MESSAGES, 2 * MESSAGES + 50))
        joins = [event for event in events(node) if isinstance(event, ReplayJoined)]
    assert len(joins) == 1
    assert 0 < joins[0].messages <= 2 * MESSAGES
    assert node.failed is None


def test_between_two_places_it_ends_by_itself(tmp_path: Path) -> None:
    with ab.Node.from_dict(topology(tmp_path)) as node:
        publish(node, 0)
        assert node.wait(until_idle_ns=150_000_000, for_ns=30_000_000_000) == "idle"
        with node.subscribe("ticks", Tick, start=ab.Sequence(100), end=ab.Sequence(700)) as subscription:
            assert taken(subscription, MESSAGES) == list(range(100, 700))
        with open_recording(tmp_path / "tape") as reader:
            records = list(reader)
        half = records[MESSAGES // 2]
        moment = dt.datetime.fromtimestamp(half.time_ns // 1_000_000_000, dt.UTC)
        first = next(record.sequence for record in records if record.time_ns >= moment.timestamp() * 1_000_000_000)
        with node.subscribe("ticks", Tick, start=moment, end="now") as subscription:
            assert taken(subscription, MESSAGES + 1) == list(range(first, MESSAGES))
        with node.subscribe("ticks", Tick, start=ab.Position(half.position), end="now", recording="tape") as behind:
            found = list(behind.with_meta(PATIENCE_S))
        assert [tick.n for tick, _ in found] == list(range(half.sequence + 1, MESSAGES))
        assert [meta.receive_time_ns for _, meta in found] == [
            record.time_ns for record in records[half.sequence + 1 :]
        ]
        assert len([event for event in events(node) if isinstance(event, ReplayEnded)]) == 3


def test_what_cannot_be_replayed_is_said_at_once(tmp_path: Path) -> None:
    values = topology(tmp_path)
    values["streams"]["bare"] = {"channel": "aeron:ipc", "stream_id": 1002, "messages": [Tick]}
    with ab.Node.from_dict(values) as node:
        publish(node, 0, 10)
        assert node.wait(until_idle_ns=150_000_000, for_ns=30_000_000_000) == "idle"
        with pytest.raises(ab.UsageError, match="'bare' is not recorded here"):
            node.subscribe("bare", Tick, start="earliest")
        with pytest.raises(ab.UsageError, match="end='now' goes with a start"):
            node.subscribe("ticks", Tick, end="now")
        with pytest.raises(ab.InvalidValue, match="does not exist yet"):
            node.subscribe("ticks", Tick, start=ab.Sequence(500))
        with pytest.raises(ab.InvalidValue, match="may be a sequence or a position"):
            node.subscribe("ticks", Tick, start=5)
        with pytest.raises(ab.RecordingError, match="not in the recording"):
            node.subscribe("bare", Tick, start="earliest", recording=tmp_path / "tape")


def test_a_corrupt_record_ends_the_replay_with_its_place(tmp_path: Path) -> None:
    with ab.Node.from_dict(topology(tmp_path)) as node:
        publish(node, 0)
    path = next((tmp_path / "tape").glob("*.journal"))
    with open_recording(tmp_path / "tape") as reader:
        record = list(reader)[1_000]
    data = bytearray(path.read_bytes())
    data[4096 + record.position - 8] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    values = topology(tmp_path)
    del values["recorders"]
    with (
        ab.Node.from_dict(values) as node,
        node.subscribe("ticks", Tick, start="earliest", end="now", recording=tmp_path / "tape") as subscription,
    ):
        got: list[int] = []
        with pytest.raises(ab.RecordingError, match=r"\.journal"):
            got.extend(tick.n for tick in subscription)
    assert got == list(range(len(got)))
    assert len(got) <= 1_000
