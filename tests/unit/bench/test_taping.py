"""A round of a recorder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from actorbus.bench import taping
from actorbus.bench.case import Case

CASE = Case(system="actorbus", lane=0, directory="", place="", size=100, channel="aeron:ipc?term-length=1m")


@pytest.mark.parametrize("sync", ["none", "durable"])
def test_a_round_ends_when_all_is_recorded(tmp_path: Path, sync: str) -> None:
    taped = taping.measure(CASE, seconds=0.1, folder=tmp_path, sync=sync)

    assert taped.messages > 1000
    assert taped.heard >= taped.messages  # the live subscriber saw them too, and those of the warm-up
    assert taped.rate == taped.messages / taped.seconds
    assert taped.cpu_s > 0
    assert list(tmp_path.iterdir()) == []


def test_a_round_of_so_many_messages_without_our_frame(tmp_path: Path) -> None:
    taped = taping.measure(CASE, seconds=0.0, folder=tmp_path, messages=200_000, framed=False)

    assert 20_000 < taped.messages < 5_000_000  # about so many: by the rate of the turn before
    assert taped.heard >= taped.messages


def test_the_same_without_a_recorder_counts_what_the_subscriber_took() -> None:
    taped = taping.measure(CASE, seconds=0.1, folder=None)

    assert taped.heard > taped.messages > 1000


def test_the_recorder_of_the_bench_is_one_of_a_topology(case_of: Callable[..., Case]) -> None:
    made = taping.topology(case_of("actorbus", size=100), "/tape", "interval")

    assert made["recorders"] == {"tape": {"streams": ["main"], "directory": "/tape", "sync": "interval"}}
    bare = taping.topology(case_of("actorbus", size=100), "/tape", "none", framed=False)
    assert bare["streams"]["main"]["frame"] == "none"  # type: ignore[index]
