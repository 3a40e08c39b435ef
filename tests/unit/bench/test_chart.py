"""Drawings are well-formed and say what they show."""

from __future__ import annotations

from xml.dom import minidom

from actorbus.bench import chart
from actorbus.bench.chart import Bar, Point
from tests.unit.bench.samples import CURVE


def marks(drawing: str, name: str) -> int:
    return len(minidom.parseString(drawing).getElementsByTagName(name))


def test_bars_are_one_a_system_with_figure_and_spread() -> None:
    drawing = chart.bars("a < b", "msgs_per_s", [Bar("actorbus", 1e6, 2e6, 3e6), Bar("pyzmq & co", 5e5, 5e5, 5e5)])

    assert marks(drawing, "rect") == 2
    assert "pyzmq &amp; co" in drawing
    assert "2.00 M" in drawing
    assert "1.00 M to 3.00 M" in drawing


def test_bars_far_apart_have_a_logarithmic_axis_that_says_so() -> None:
    near = chart.bars("x", "msgs_per_s", [Bar("a", 1e6, 1e6, 1e6), Bar("b", 2e6, 2e6, 2e6)])
    far = chart.bars("x", "msgs_per_s", [Bar("a", 1e3, 1e3, 1e3), Bar("b", 2e6, 2e6, 2e6)])

    assert "logarithmic" not in near
    assert "logarithmic" in far


def test_percentile_curves_are_one_a_system_and_named() -> None:
    drawing = chart.percentile_curves("trips", "round_trip_ns", {"actorbus": CURVE, "actorbus, other": CURVE})

    assert marks(drawing, "polyline") == 2
    assert "actorbus, other" in drawing
    assert "99.9 %" in drawing


def test_scaling_marks_every_count() -> None:
    points = [Point(1, 390, 400, 500), Point(10, 400, 410, 420), Point(100, 410, 420, 430)]
    drawing = chart.scaling("streams", "message_ns", "streams", {"actorbus": points})

    assert marks(drawing, "circle") == 3
    assert "cost of a message over streams" in drawing


def test_nothing_is_drawn_of_nothing() -> None:
    assert chart.percentile_curves("x", "round_trip_ns", {}) == ""
    assert chart.bars("x", "msgs_per_s", []) == ""
    assert chart.scaling("x", "message_ns", "y", {}) == ""
