"""The page stands alone."""

from __future__ import annotations

import re

from actorbus.bench import page
from actorbus.bench.record import figure
from tests.unit.bench.samples import report


def test_it_needs_no_other_file_and_runs_no_script() -> None:
    made = page.html([report()])

    assert not re.search(r"<script|<link|<img|\bsrc=", made)
    assert "round &lt;trip&gt;" in made


def test_it_has_a_light_and_a_dark_face() -> None:
    assert "prefers-color-scheme:dark" in page.html([report()])


def test_it_shows_warnings_skipped_peers_and_what_each_does() -> None:
    made = page.html([report(lacking={"pyzmq": "not installed"})])

    assert "few cores" in made
    assert "not there" in made
    assert "missing, and of every report: pyzmq: not installed" in made
    assert "<b>actorbus</b>: ours." in made


def test_the_code_that_ran_stands_beside_the_figure() -> None:
    ran = ["actorbus.bench.handlers:Sink", "actorbus.bench.peers.handles:typed"]
    made = page.html([report("throughput", figure("actorbus", "msgs_per_s", [1e6], case="typed", ran=ran))])

    assert "the code that ran (2 pieces)" in made
    assert "class Sink(ab.Handler)" in made
    assert "actorbus/bench/peers/handles.py" in made


def test_counts_become_a_scaling_curve() -> None:
    results = [
        figure(f"actorbus, {count} streams", "msgs_per_s", [1e6], case="exist", at=count) for count in (1, 10, 100)
    ]

    assert page.html([report("streams", *results)]).count("<circle") == 3
