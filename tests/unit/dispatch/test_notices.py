from __future__ import annotations

import pytest

import actorbus.dispatch as d
from actorbus.dispatch.notices import UNKNOWN, event_of
from actorbus.errors import InternalError

COMMON = {"stream": "s", "session": 5, "time_ns": 77}
REPLAY = {"stream": "s", "session": 0, "time_ns": 77}


@pytest.mark.parametrize(
    ("notice", "event"),
    [
        ((1, 5, 9, 3, 0, 0), d.PublisherJoined(**COMMON, publisher=9, sequence=3)),
        ((2, 5, 9, 8, 0, 0), d.PublisherLeft(**COMMON, publisher=9, sequence=8)),
        ((3, 5, 9, 3, 6, 0), d.Gap(**COMMON, publisher=9, first=3, last=6)),
        ((4, 5, 0, 0, 0, 128), d.Recovered(**COMMON, position=128)),
        ((5, 5, 0, 0, 256, 192), d.Disconnected(**COMMON, position=192, end_position=256)),
        ((5, 5, 0, 0, UNKNOWN, 192), d.Disconnected(**COMMON, position=192, end_position=None)),
        ((6, 5, 9, 2, 7, 0), d.Rewound(**COMMON, publisher=9, sequence=2, expected=7)),
        ((7, 5, 0, 4, 0, 0), d.EventsLost(**COMMON, count=4)),
        ((32, 0, 0, 4, 2, 10**9), d.ReplayJoined(**REPLAY, messages=4, retries=2, seconds=1.0)),
        ((33, 0, 0, 4, 2, 10**9), d.ReplayEnded(**REPLAY, messages=4, seconds=1.0)),
        ((34, 0, 0, 17, 0, 96), d.ReplayFailed(**REPLAY, position=96)),
        ((35, 0, 0, 8, 3, 96), d.ReplayHole(**REPLAY, sequence=8, lost=3)),
        ((36, 0, 0, 4, 0, 96), d.ReplayWaits(**REPLAY, position=96, retries=4)),
        ((37, 5, 0, 64, 256, 96), d.ReplayGap(**COMMON, position=64, end_position=256)),
    ],
)
def test_each_kind_becomes_its_event(notice: tuple[int, int, int, int, int, int], event: d.StreamEvent) -> None:
    assert event_of(notice, "s", 77) == event


def test_a_kind_this_version_does_not_know_is_our_error() -> None:
    with pytest.raises(InternalError, match="unknown kind 99"):
        event_of((99, 0, 0, 0, 0, 0), "s", 0)
