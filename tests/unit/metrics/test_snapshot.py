"""A snapshot gives streams and handlers by name."""

from __future__ import annotations

import pytest

from actorbus.metrics import HANDLER, STREAM, HandlerCounters, Statistics, StreamCounters


def test_streams_and_handlers_are_found_by_name_and_other_groups_are_not_among_them() -> None:
    with Statistics.private(name="bars-demo") as statistics:
        statistics.counter_block(STREAM, "bars").add(0, 3)
        statistics.counter_block(HANDLER, "risk").add(1, 4)
        statistics.counter_block("poller", "main").add(0, 9)
        snapshot = statistics.snapshot()
    assert snapshot.streams == {"bars": StreamCounters(published=3)}
    assert snapshot.handlers == {"risk": HandlerCounters(errors=4)}
    assert snapshot.counters["poller"]["main"][0] == 9


def test_a_snapshot_without_streams_and_handlers_has_none() -> None:
    with Statistics.private() as statistics:
        snapshot = statistics.snapshot()
    assert snapshot.streams == {}
    assert snapshot.handlers == {}


def test_a_snapshot_does_not_change() -> None:
    with Statistics.private() as statistics:
        snapshot = statistics.snapshot()
    with pytest.raises(AttributeError):
        snapshot.pid = 1  # pyright: ignore[reportAttributeAccessIssue] - refused is what is tested
