"""Tables for people."""

from __future__ import annotations

import pytest

from actorbus.bench import digest
from actorbus.bench.record import figure, percentiles, ratio
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
    assert "the hypervisor 2.5 %" in words


def test_a_page_has_a_table_a_scenario_and_escapes_what_would_break_it() -> None:
    page = digest.markdown([report(), report("soak")])

    assert page.startswith("# Benchmarks")
    assert "## latency" in page
    assert "## soak" in page
    assert "a\\|b" in page
    assert "| actorbus | ours. |" in page


def test_a_page_says_whether_the_run_is_whole() -> None:
    assert "A full run of commit 0123456789ab, 3 forks a comparison; 1 scenarios." in digest.markdown([report()])
    assert "unfinished: 1 of 18 scenarios" in digest.markdown([report()], of=18)


def test_where_it_ran_names_no_machine() -> None:
    assert digest.where(report()).startswith("2026-01-01 00:00 UTC; 2 cores of a machine with A & B")


def test_a_ratio_is_a_sentence_with_its_spread() -> None:
    made = ratio("actorbus", "pyzmq", [[2.0, 3.0], [4.0]], [[1.0, 1.0], [1.0]], asked=3, case="typed")

    assert digest.sentence(made) == (
        "actorbus is 3.00x as fast as pyzmq (2.00x to 4.00x in 3 turns of 2 forks of 3 asked for)"
    )
    assert "typed: actorbus is 3.00x" in digest.text(report("throughput", made))


def test_what_was_lost_is_shown() -> None:
    lost = figure("pynng", "msgs_per_s", [1e6], case="typed", lost=1234, wrong=2)
    clean = figure("actorbus", "msgs_per_s", [1e6], case="typed", lost=0)

    assert "1,234, 2 wrong" in digest.text(report("throughput", lost, clean))
    assert digest.arrived(report("throughput", lost, clean)) == "Not everything that was sent arrived: pynng (typed)."
    assert digest.arrived(report("throughput", clean)).startswith("Everything that was sent arrived")
    assert digest.arrived(report("idle", figure("actorbus", "percent_of_core", [1.0]))) == ""


def test_percentiles_of_all_forks_stand_beside_those_of_each() -> None:
    made = percentiles("actorbus", "round_trip_ns", [[(100, 98), (500, 2)], [(100, 98), (900, 2)]], case="ipc")

    words = " ".join(digest.cells(made))
    assert "2, 2" in words
    assert "(" in words


def test_of_what_was_not_measured_there_is_no_table() -> None:
    assert "nothing was measured" in digest.text(report("soak", results=[]))
    assert "Nothing was measured." in digest.markdown([report("soak", results=[])])
