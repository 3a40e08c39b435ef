"""Figures as they are written."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.bench import record


def test_a_figure_has_its_spread() -> None:
    made = record.figure("actorbus", "msgs_per_s", [3.0, 1.0, 2.0])

    assert (made.min, made.median, made.max, made.runs) == (1.0, 2.0, 3.0, [3.0, 1.0, 2.0])
    assert (made.forks, made.asked) == (3, 3)


def test_there_is_no_figure_of_nothing() -> None:
    for make in (record.figure, record.percentiles):
        with pytest.raises(ValueError, match="a, b: nothing was measured"):
            make("a", "b", [])
    with pytest.raises(ValueError, match="nothing was measured"):
        record.ratio("a", "b", [], [])


def test_forks_that_measured_nothing_are_missing_in_the_count() -> None:
    made = record.pooled("a", "b", [[1.0, 2.0], [], [4.0, 6.0]], asked=3)

    assert (made.forks, made.asked, made.median, made.fork_medians) == (2, 3, 3.0, [1.5, 5.0])


def test_ratios_are_taken_turn_by_turn() -> None:
    assert record.ratio("a", "b", [[2.0, 9.0, 8.0]], [[1.0, 3.0, 2.0]]).median == 3.0


def test_a_turn_in_which_the_other_stood_still_is_not_left_out() -> None:
    assert record.ratio("a", "b", [[5.0]], [[0.0]]).median == 5.0


def test_percentiles_are_of_all_forks_together() -> None:
    quick, slow = [(100, 99), (200, 1)], [(100, 90), (5000, 10)]
    made = record.percentiles("a", "round_trip_ns", [quick, [], slow], asked=3)

    assert made.percentiles_ns["p50"] == 100
    assert made.percentiles_ns["p99"] > 4000
    assert made.tails_ns["p99"][0] == 100
    assert made.tails_ns["p99"][2] > 4000
    assert (made.forks, made.asked) == (2, 3)


def test_empty_fields_do_not_fill_the_json() -> None:
    made = set(msgspec.to_builtins(record.figure("a", "b", [1.0])))

    assert made == {"system", "metric", "min", "median", "max", "runs", "forks", "asked"}


def test_a_report_can_be_read_back() -> None:
    from tests.unit.bench.samples import report

    assert msgspec.json.decode(msgspec.json.encode(report()), type=record.Report) == report()


def test_only_the_systems_asked_for_are_wanted_and_ours_always() -> None:
    effort = record.Effort(systems=("pyzmq",))

    assert [effort.wants(name) for name in ("actorbus", "pyzmq", "pynng")] == [True, True, False]
    assert record.Effort().wants("pynng")


def test_turns_are_shared_by_the_forks() -> None:
    effort = record.Effort(rounds=27, forks=3)

    assert (effort.turns(), effort.turns(0.34), record.Effort(rounds=1, forks=3).turns()) == (9, 3, 1)


def test_a_report_says_when() -> None:
    assert record.today().endswith("UTC")
