"""Drawings are well-formed and say what they show."""

from __future__ import annotations

from xml.dom import minidom

from actorbus.bench import chart
from tests.unit.bench.samples import CURVE


def marks(drawing: str, name: str) -> int:
    return len(minidom.parseString(drawing).getElementsByTagName(name))


def test_bars_are_one_a_system() -> None:
    drawing = chart.bars("a < b", [("actorbus", 1, 2, 3, "2"), ("pyzmq & co", 0, 0, 0, "none")])

    assert marks(drawing, "rect") == 2
    assert "pyzmq &amp; co" in drawing


def test_percentile_curves_are_one_a_system() -> None:
    assert marks(chart.percentile_curves("trips", {"a": CURVE, "b": CURVE}), "polyline") == 2


def test_scaling_marks_every_count() -> None:
    drawing = chart.scaling("streams", {"actorbus": [(1, 400.0), (10, 410.0), (100, 420.0)]}, "ns a message")

    assert marks(drawing, "circle") == 3


def test_nothing_is_drawn_of_nothing() -> None:
    assert chart.percentile_curves("x", {}) == chart.scaling("x", {}, "y") == ""
