from __future__ import annotations

import pytest

import actorbus.dispatch as d


def test_a_gap_knows_how_many_are_missing() -> None:
    assert d.Gap(stream="s", session=1, time_ns=0, publisher=2, first=10, last=10).missing == 1
    assert d.Gap(stream="s", session=1, time_ns=0, publisher=2, first=10, last=19).missing == 10


def test_events_are_frozen() -> None:
    event = d.Recovered(stream="s", session=1, time_ns=0, position=0)
    with pytest.raises(AttributeError):
        event.position = 1  # type: ignore[misc]
