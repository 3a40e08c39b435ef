"""The small version of issue 7, line 4: late joins under load, on IPC and on UDP that loses one packet in ten."""

from __future__ import annotations

from tests.prove.joins import line_4

JOINS = 10
"""On each of the two; the full line has 100."""


def test_late_joins_have_no_gap_and_no_duplicate() -> None:
    assert f"{JOINS} late joins on UDP with 10 % loss" in line_4(JOINS)
