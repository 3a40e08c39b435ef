"""Speeds: every form, and bounds that name the value."""

from __future__ import annotations

import math

import pytest

from actorbus.errors import InvalidValue
from actorbus.recording.pace import parse_speed


@pytest.mark.parametrize(
    ("value", "times"),
    [("original", 1), ("max", math.inf), (None, math.inf), ("4x", 4), (" 0.5 X ", 0.5), ("1e3x", 1000), (2, 2.0),
     (0.25, 0.25), (math.inf, math.inf), ("7", 7)],
)  # fmt: skip
def test_a_speed_is_a_factor(value: str | float | None, times: float) -> None:
    assert parse_speed(value) == times


@pytest.mark.parametrize("value", ["", "fast", "x4", "-1", "0", 0, -2.0, math.nan, True, 1e9, "1e-9", "4 x 4", [4]])
def test_what_is_no_speed_is_refused(value: float) -> None:
    with pytest.raises(InvalidValue) as raised:
        parse_speed(value)
    assert "write original, max, or how many times faster, 0.001 to 1e+06" in str(raised.value)
    assert str(value) in str(raised.value)
