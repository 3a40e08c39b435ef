"""Tables for people."""

from __future__ import annotations

import pytest

from actorbus.bench import digest
from tests.unit.bench.samples import report


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        ("round_trip_ns", 950.0, "950 ns"),
        ("round_trip_ns", 45_000.0, "45 µs"),
        ("round_trip_ns", 2e7, "20 ms"),
        ("msgs_per_s", 2_480_000.0, "2.48 M"),
        ("msgs_per_s", 45_600.0, "46 k"),
        ("ratio", 1.234, "1.23x"),
        ("MB", 40.0, "40.00"),
        ("messages", 1e7, "10,000,000"),
    ],
)
def test_an_amount_has_a_unit_one_takes_in_at_once(metric: str, value: float, words: str) -> None:
    assert digest.amount(metric, value) == words


def test_a_terminal_sees_figures_warnings_and_what_was_not_run() -> None:
    words = digest.text(report())

    assert "1,500 ns" in words
    assert "warning: few cores" in words
    assert "not run: pynng: not there" in words


def test_a_page_has_a_table_a_scenario_and_escapes_what_would_break_it() -> None:
    page = digest.markdown([report(), report("soak")])

    assert page.startswith("# Benchmarks")
    assert "## latency" in page
    assert "## soak" in page
    assert "a\\|b" in page
    assert "| actorbus | ours. |" in page


def test_where_it_ran_names_no_machine() -> None:
    assert digest.where(report()).startswith("2026-01-01 00:00 UTC; 2 cores of a A & B")


def test_systems_that_are_left_out_are_named_with_the_reason() -> None:
    left = report("latency", left_out={"wingfoil": "keeps the process"})

    assert "left out: wingfoil: keeps the process" in digest.text(left)
    assert "- Left out: wingfoil: keeps the process." in digest.markdown([left])
