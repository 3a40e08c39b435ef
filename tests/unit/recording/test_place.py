"""Places in a recording: every form says the same, and what is none is refused with its value and the forms."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actorbus as ab
from actorbus.errors import InvalidValue
from actorbus.recording.place import (
    EARLIEST,
    LIVE,
    NOW,
    Given,
    Place,
    Position,
    Sequence,
    parse_end,
    parse_place,
    parse_start,
    time_text,
)

MOMENT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
MOMENT_NS = 1_772_443_800_000_000_000


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("live", LIVE),
        (" Earliest ", EARLIEST),
        (None, LIVE),
        ({"sequence": 100}, Place("sequence", 100)),
        ({"position": 4096}, Place("position", 4096)),
        ({"time": "2026-03-02T09:30:00Z"}, Place("time", MOMENT_NS)),
        ({"time": "2026-03-02T10:30:00+01:00"}, Place("time", MOMENT_NS)),
        ({"time": MOMENT}, Place("time", MOMENT_NS)),
        ({"time": MOMENT_NS}, Place("time", MOMENT_NS)),
        ({"time": "2026-03-02 09:30:00.123456789Z"}, Place("time", MOMENT_NS + 123_456_789)),
        (ab.Sequence(7), Place("sequence", 7)),
        (ab.Position(7), Place("position", 7)),
        (MOMENT, Place("time", MOMENT_NS)),
        ("100", Place("sequence", 100)),
        ("sequence:100", Place("sequence", 100)),
        ("position = 64", Place("position", 64)),
        ("2026-03-02T09:30:00.5Z", Place("time", MOMENT_NS + 500_000_000)),
        ("time:2026-03-02T09:30:00Z", Place("time", MOMENT_NS)),
        (Place("sequence", 3), Place("sequence", 3)),
    ],
)
def test_every_form_of_a_start_names_its_place(value: Given | None, place: Place) -> None:
    assert parse_start(value) == place


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (5, "start 5 may be a sequence or a position"),
        (-1, "start -1"),
        (True, "True is not a place"),
        (1.5, "1.5 is not a place"),
        ("yesterday", "'yesterday' is not a place"),
        ("", "'' is not a place"),
        ("now", "start now"),
        ({"sequence": -1}, "sequence -1 is out of range"),
        ({"sequence": 2**63}, "is out of range: allowed are 0 to 9223372036854775807"),
        ({"sequence": "9"}, "sequence '9' is not an integer"),
        ({"sequence": True}, "sequence True is not an integer"),
        ({"sequence": 1, "position": 2}, "it has one key"),
        ({}, "it has one key"),
        ({"offset": 1}, "it has one key"),
        ({"time": "2026-03-02T09:30:00"}, "has no time zone; give datetime(..., tzinfo=timezone.utc), or end"),
        (dt.datetime(2026, 3, 2), "has no time zone"),  # noqa: DTZ001 - the case
        ({"time": "2026-13-02T09:30:00Z"}, "is not a place"),
        ({"time": "2026-03-02T09:30:00.0000000001Z"}, "finer than a nanosecond"),
        ({"time": "1969-12-31T23:59:59Z"}, "is out of range"),
        ({"time": "2500-01-01T00:00:00Z"}, "is out of range"),
        ("99999999999999999999", "is out of range"),
    ],
)
def test_what_is_no_start_is_refused_with_its_value(value: Given, says: str) -> None:
    with pytest.raises(InvalidValue) as raised:
        parse_start(value)
    assert says in str(raised.value)


@pytest.mark.parametrize("number", [-1, 2**63, True, 1.0, "1"])
@pytest.mark.parametrize("cls", [Sequence, Position])
def test_numbers_out_of_bounds_are_refused(cls: type[Sequence | Position], number: int) -> None:
    with pytest.raises(InvalidValue):
        cls(number)


def test_numbers_are_ints_that_say_what_they_are() -> None:
    assert Sequence(5) == 5
    assert repr(Sequence(5)) == "Sequence(5)"
    assert repr(Position(5)) == "Position(5)"


def test_an_end_is_a_place_or_never() -> None:
    assert parse_end(None) is None
    assert parse_end("now") == NOW
    assert parse_end(Sequence(5)) == Place("sequence", 5)
    for wrong in ("live", "earliest", 5):
        with pytest.raises(InvalidValue, match="end"):
            parse_end(wrong)


def test_a_place_says_itself() -> None:
    assert str(Place("sequence", 5)) == "sequence 5"
    assert str(Place("time", MOMENT_NS)) == "time 2026-03-02T09:30:00Z"
    assert str(EARLIEST) == "earliest"
    assert LIVE.is_live
    assert not EARLIEST.is_live


@given(st.integers(0, 2**63 - 1))
def test_a_time_read_back_from_its_text_is_the_same_nanosecond(time_ns: int) -> None:
    assert parse_place(time_text(time_ns)) == Place("time", time_ns)
