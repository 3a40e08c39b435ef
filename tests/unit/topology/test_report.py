"""Reports: places, order, nearest names, bounds."""

from __future__ import annotations

import pytest

from actorbus.topology.report import PROBLEMS_MAX, Report, TooManyProblems, nearest_name, one_of
from tests.support.topologies import tree_of


def report_on(text: str) -> Report:
    report = Report("t.yaml")
    tree_of(text, report)
    return report


def test_a_problem_has_the_place_and_the_value_of_its_path() -> None:
    report = report_on("a:\n  b: 17\n")

    report.add("AB1105", "too large", path=("a", "b"))

    (problem,) = report.problems()
    assert (problem.file, problem.line, problem.column, problem.value) == ("t.yaml", 2, 6, "17")


def test_a_problem_of_a_key_has_the_place_of_the_key_and_no_value() -> None:
    report = report_on("a:\n  b: 17\n")

    report.add("AB1101", "unknown", path=("a", "b"), key=True)

    (problem,) = report.problems()
    assert (problem.line, problem.column, problem.value) == (2, 3, None)


def test_a_problem_of_a_missing_value_points_at_the_key_that_lacks_it() -> None:
    report = report_on("a:\n  b: 17\n")

    report.add("AB1102", "missing", path=("a", "c"))

    (problem,) = report.problems()
    assert (problem.line, problem.column) == (1, 1)


def test_problems_come_in_the_order_of_the_file_and_once() -> None:
    report = report_on("a: 1\nb: 2\n")

    for name in ("b", "a", "b"):
        report.add("AB1105", "wrong", path=(name,))

    assert [problem.path for problem in report.problems()] == ["a", "b"]


def test_what_holds_a_broken_value_is_broken_too_and_its_neighbour_is_not() -> None:
    report = report_on("a: {b: {c: 1}, d: 2}\n")

    report.add("AB1105", "wrong", path=("a", "b", "c"))

    assert report.is_broken("a")
    assert report.is_broken("a", "b", "c")
    assert not report.is_broken("a", "d")


def test_a_warning_is_no_error() -> None:
    report = Report()

    report.add("AB1902", "tie")

    assert not report.has_errors
    assert report.problems()[0].severity == "warning"


def test_a_full_report_says_so_and_ends_the_check() -> None:
    report = Report()
    for number in range(PROBLEMS_MAX - 1):
        report.add("AB1101", f"problem {number}")

    with pytest.raises(TooManyProblems):
        report.add("AB1101", "one more")

    assert len(report.problems()) == PROBLEMS_MAX + 1
    assert "ended after" in report.problems()[-1].message


def test_long_texts_are_cut() -> None:
    report = Report()

    report.add("AB1002", "m" * 10_000, value="v" * 10_000)

    (problem,) = report.problems()
    assert len(problem.message) == 600
    assert problem.value is not None
    assert len(problem.value) == 120


@pytest.mark.parametrize(
    ("given", "near"), [("chanel", "channel"), ("CHANNEL", "channel"), ("stream", "streams"), ("zzz", None)]
)
def test_the_nearest_name_is_found_or_none(given: str, near: str | None) -> None:
    assert nearest_name(given, ["channel", "streams", "version"]) == near


def test_without_a_near_name_the_names_are_listed() -> None:
    assert one_of("zzz", ["a", "b"]) == "there is: a, b"
    assert one_of("zzz", []) == "there is none"
    assert one_of("zzz", [f"name{n}" for n in range(20)]).endswith(", ...")
    assert one_of("bar", ["bars"], more="or go home") == "did you mean 'bars'? Or go home"


def test_a_warning_breaks_nothing() -> None:
    report = report_on("a: 1\n")

    report.add("AB1906", "look", path=("a",))
    assert not report.is_broken("a")

    report.add("AB1105", "too large", path=("a",))
    assert report.is_broken("a")
