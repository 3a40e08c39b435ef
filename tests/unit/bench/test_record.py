"""Figures, and where they were taken."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.bench import record


def test_a_figure_has_its_spread() -> None:
    made = record.figure("actorbus", "msgs_per_s", [3.0, 1.0, 2.0])

    assert (made.min, made.median, made.max, made.runs) == (1.0, 2.0, 3.0, [3.0, 1.0, 2.0])


def test_a_figure_of_nothing_is_zero() -> None:
    assert record.figure("a", "b", []).median == 0.0


def test_ratios_are_taken_turn_by_turn() -> None:
    assert record.ratio("a", "b", [2.0, 9.0, 8.0], [1.0, 3.0, 2.0]).median == 3.0


def test_a_turn_in_which_the_other_stood_still_is_not_left_out() -> None:
    assert record.ratio("a", "b", [5.0], [0.0]).median == 5.0


def test_percentiles_are_those_of_the_median_run() -> None:
    made = record.percentiles("a", "round_trip_ns", [{"p50": 3}, {"p50": 1}, {}, {"p50": 2}])

    assert (made.median, made.percentiles_ns) == (2, {"p50": 2})


def test_the_machine_is_described_by_class() -> None:
    where = record.machine()

    assert where.cores >= 1
    assert where.memory_gb > 0


def test_what_the_bench_itself_does_is_not_told_as_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = record.machine().load_before
    monkeypatch.setattr("os.getloadavg", lambda: (99.0, 99.0, 99.0))

    assert record.machine().load_before == before


def test_versions_name_python_and_aeron() -> None:
    assert {"python", "aeron", "msgspec"} <= set(record.versions())


def test_empty_fields_do_not_fill_the_json() -> None:
    assert set(msgspec.to_builtins(record.figure("a", "b", [1.0]))) == {
        "system",
        "metric",
        "min",
        "median",
        "max",
        "runs",
    }


def test_only_the_systems_asked_for_are_wanted_and_ours_always() -> None:
    effort = record.Effort(systems=("pyzmq",))

    assert [effort.wants(name) for name in ("actorbus", "pyzmq", "pynng")] == [True, True, False]
    assert record.Effort().wants("pynng")


def test_a_report_says_when() -> None:
    assert record.today().endswith("UTC")
