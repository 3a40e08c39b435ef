"""Axes, colours and marks of drawings."""

from __future__ import annotations

import pytest

from actorbus.bench import axes
from actorbus.bench.peers import PEERS, RECORDERS


def test_every_system_has_a_colour_of_its_own_in_light_and_dark() -> None:
    systems = (*PEERS, *RECORDERS)

    assert len({axes.class_of(name) for name in systems}) == len(systems)
    assert len(set(axes.LIGHT)) == len(set(axes.DARK)) == len(systems)
    assert axes.style().count("--s0:") == 2


def test_a_variant_has_the_colour_of_its_system() -> None:
    assert axes.class_of("pyzmq, TCP") == axes.class_of("pyzmq (note)") == axes.class_of("pyzmq")
    assert axes.class_of("disk") == axes.class_of("floor")


@pytest.mark.parametrize("logarithmic", [None, True, False])
def test_an_axis_holds_its_values_between_its_ends(logarithmic: bool | None) -> None:
    made = axes.axis(3.0, 700.0, 100.0, 500.0, "MB", logarithmic=logarithmic)

    assert len(made.ticks) >= 2
    for value in (3.0, 50.0, 700.0):
        assert 100.0 <= made.place(value) <= 500.0
    assert made.place(3.0) < made.place(50.0) < made.place(700.0)


def test_an_axis_is_logarithmic_when_a_linear_one_would_hide_the_small() -> None:
    assert axes.axis(1.0, 100.0, 0.0, 100.0, "MB").logarithmic
    assert not axes.axis(50.0, 100.0, 0.0, 100.0, "MB").logarithmic


def test_long_names_are_cut_and_words_are_escaped() -> None:
    assert axes.cut("short", 400) == "short"
    assert len(axes.cut("x" * 200, 100)) < 20
    assert "a &lt; b" in axes.text(0, 0, "a < b")
