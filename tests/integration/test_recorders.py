"""Recorders of a real node, over the real media driver: what is published is on the disk, as received and in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import actorbus as ab
from actorbus.journal import open_recording

MESSAGES = 5_000
BACKENDS = ["jsonl", "journal"]


class Tick(ab.Message, type_id=1001, version=1):
    """A numbered message."""

    n: int
    text: str = ""


def topology(tmp_path: Path, backend: str, **tape: object) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "recorded",
        "profile": "ci",
        "streams": {
            "ticks": {"channel": "aeron:ipc?term-length=256k", "stream_id": 1001, "messages": [Tick]},
            "others": {"channel": "aeron:ipc?term-length=256k", "stream_id": 1002, "messages": [Tick]},
        },
        "recorders": {
            "tape": {"streams": ["ticks", "others"], "directory": str(tmp_path / "tape"), "backend": backend, **tape}
        },
    }


def publish(node: ab.Node, first: int = 0) -> None:
    ticks, others = node.publisher("ticks"), node.publisher("others")
    for n in range(first, first + MESSAGES):
        ticks.publish(Tick(n, "x" * (n % 3_000 if n % 500 == 0 else 3)))
        if n % 10 == 0:
            others.publish(Tick(n))


def numbers(directory: Path, stream: str) -> list[int]:
    with open_recording(directory) as reader:
        by_name = {row.number: row.name for row in reader.streams.values()}
        records = list(reader)
    assert [record.sequence for record in records] == list(range(len(records)))
    own = [record for record in records if by_name[record.stream] == stream]
    return [int.from_bytes(record.payload[16:24], "little") for record in own]  # the frame's sequence


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["embedded", "none"])
def test_all_that_is_published_is_recorded_in_order_and_durable_at_the_end(
    tmp_path: Path, backend: str, mode: str
) -> None:
    values = {**topology(tmp_path, backend), "driver": {"mode": mode}}
    with ab.Node.from_dict(values) as node:
        publish(node)
        assert node.wait(until_idle_ns=150_000_000, for_ns=30_000_000_000) == "idle"
        assert node.stats().recorders["tape"].records == MESSAGES + MESSAGES // 10

    recorders: Any = node.summary()["recorders"]
    tape = recorders["tape"]
    assert tape["records"] == MESSAGES + MESSAGES // 10
    assert tape["durable_position"] == tape["appended_position"] > 0
    assert numbers(tmp_path / "tape", "ticks") == list(range(MESSAGES))
    assert numbers(tmp_path / "tape", "others") == list(range(MESSAGES // 10))
    assert node.failed is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_run_extends_the_recording(tmp_path: Path, backend: str) -> None:
    for run in range(2):
        with ab.Node.from_dict(topology(tmp_path, backend)) as node:
            publish(node, run * MESSAGES)

    assert numbers(tmp_path / "tape", "ticks") == [*range(MESSAGES), *range(MESSAGES)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_recording_that_another_writes_to_ends_the_start_and_nothing_is_left_open(
    tmp_path: Path, backend: str
) -> None:
    with ab.Node.from_dict(topology(tmp_path, backend)) as node:
        publish(node)
        with pytest.raises(ab.RecordingError, match="tape"), ab.Node.from_dict(topology(tmp_path, backend)):
            pass

    assert len(numbers(tmp_path / "tape", "ticks")) == MESSAGES


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_published_before_the_close_is_recorded_without_any_wait(tmp_path: Path, backend: str) -> None:
    with ab.Node.from_dict(topology(tmp_path, backend, sync="none")) as node:
        publish(node)

    assert numbers(tmp_path / "tape", "ticks") == list(range(MESSAGES))
