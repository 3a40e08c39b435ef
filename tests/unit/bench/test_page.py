"""The page stands alone."""

from __future__ import annotations

import re

from actorbus.bench import page
from actorbus.bench.record import figure
from tests.unit.bench.samples import report


def test_it_needs_no_other_file_and_runs_no_script() -> None:
    made = page.html([report()])

    assert not re.search(r"<script|<link|<img|\bsrc=", made.split("<h2>The programs")[0])
    assert "round &lt;trip&gt;" in made


def test_it_shows_warnings_skipped_peers_and_their_programs() -> None:
    made = page.html([report()])

    assert "few cores" in made
    assert "not there" in made
    assert "class NodeSink" in made


def test_counts_become_a_scaling_curve() -> None:
    results = [figure(f"actorbus, {count} streams", "msgs_per_s", [1e6], "exist") for count in (1, 10, 100)]

    assert page.html([report("streams", *results)]).count("<circle") == 3
