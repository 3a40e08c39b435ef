"""How the proof of issue 7, line 5 judges. The small versions of its scenarios are tests of the bench themselves."""

from __future__ import annotations

import pytest

from actorbus.bench import hold
from actorbus.bench.record import Result, figure
from tests.prove import Failed
from tests.prove.recorder_speed import SCENARIOS, judged
from tests.unit.bench.samples import report

TAPE = "100 B beside a live subscriber"
GOOD = (
    figure("actorbus", "ratio", [1.2], case=TAPE, against="java-archive"),
    figure("actorbus", "ratio", [1.4], case=TAPE, against="java-archive with CRC32C, as ours"),
    figure("actorbus", "msgs_per_s", [250_000], case="durable, 256 B", note="a fdatasync of 1 ms"),
    figure("actorbus", "seconds", [0.4], case="open after a crash, 10 GiB", note="in the page cache"),
    figure("actorbus", "seconds", [0.2], case="open after a crash, 10 GiB", note="from the disk"),
    figure("actorbus", "MB_per_s", [2000], case="verify, 1 GiB", note="in the page cache"),
)
REPLAYED = figure("actorbus", "msgs_per_s", [2.4e6], case="replay, typed messages", note="to a batch handler")


def told(*results: Result) -> str:
    return judged([report("record", *results), report("replay", REPLAYED)])


def test_all_rows_are_told_with_their_figures() -> None:
    text = told(*GOOD)

    assert "holds recorder >= the Java Archive: 1.20x" in text
    assert "holds recorder >= the Java Archive with CRC32C, as ours: 1.40x" in text
    assert "holds replay to a batch handler >= 2 M/s: 2.40 M" in text
    assert text.count("holds ") == sum(row.scenario in SCENARIOS for row in hold.ROWS)


def test_a_row_that_fails_or_was_not_measured_fails_the_line() -> None:
    slow = figure("actorbus", "seconds", [0.1, 1.4, 0.2], case="open after a crash, 10 GiB", note="in the page cache")

    with pytest.raises(Failed, match="FAILS open after a crash <= 1 s"):
        told(slow, *GOOD)
    with pytest.raises(Failed, match="FAILS recorder >= the Java Archive: not measured"):
        told(*GOOD[1:])
