"""The bench's own topologies are right by the framework's own check."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actorbus.bench import topologies
from actorbus.bench.case import Case
from actorbus.topology.plan import load_mapping

CASE = Case(system="actorbus", lane=0, directory="/tmp/driver", place="")


@pytest.mark.parametrize(
    "make",
    [
        topologies.reader, topologies.writer, topologies.asker, topologies.answerer,
        topologies.tick_reader, topologies.tick_writer, topologies.soaked,
    ],
)  # fmt: skip
def test_it_can_be_planned(make: Callable[[Case], dict[str, object]]) -> None:
    assert load_mapping(make(CASE)).name.startswith("bench-")


def test_what_merely_exists_is_there() -> None:
    made = topologies.reader(
        Case(system="a", lane=0, directory="", place="", streams=3, kinds=4, handlers=2, bystanders=5)
    )

    assert len(made["streams"]) == 3
    assert len(made["handlers"]) == 2 + 3 + 2 + 5
    assert len(made["streams"]["main"]["messages"]) == 2 + 3 + 5


def test_bytes_go_through_a_raw_stream() -> None:
    made = topologies.reader(Case(system="a", lane=0, directory="", place="", size=64))

    assert made["streams"]["main"]["codec"] == {"format": "raw"}


def test_the_switch_interval_is_the_profiles() -> None:
    assert (topologies.switch_interval_s("laptop"), topologies.switch_interval_s("low-latency")) == (0.005, 0.0005)
