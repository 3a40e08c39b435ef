"""The rows that must hold."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.bench import hold
from actorbus.bench.command import HOLD
from actorbus.bench.record import Result, figure, ratio
from actorbus.bench.scenarios import SCENARIOS
from tests.unit.bench.samples import report

AT_REST = "no traffic, driver embedded"
PEER = "pyaeron+msgspec"


def row(name: str, *results: Result) -> hold.Judged:
    scenario = next(each.scenario for each in hold.ROWS if each.name == name)
    return next(judged for judged in hold.judge([report(scenario, results=list(results))]) if judged.row.name == name)


def idle(*values: float, **more: object) -> Result:
    return figure("actorbus", "percent_of_core", values, case=AT_REST, note="laptop profile", **more)


def test_every_row_is_of_a_scenario_that_runs() -> None:
    assert {each.scenario for each in hold.ROWS} <= set(hold.SCENARIOS) <= set(SCENARIOS)


def test_every_row_has_one_bound() -> None:
    for each in hold.ROWS:
        assert sum(bound is not None for bound in (each.least, each.most, each.below, each.above)) == 1, each.name


def test_a_figure_within_its_bound_holds() -> None:
    assert row("idle < 2 % of a core", idle(1.6)).holds


def test_a_figure_beyond_its_bound_fails_and_the_bound_itself_is_not_below_it() -> None:
    judged = row("idle < 2 % of a core", idle(2.5))

    assert (judged.value, judged.holds) == (2.5, False)
    assert not row("idle < 2 % of a core", idle(2.0)).holds


@pytest.mark.parametrize("judged", hold.judge([]), ids=lambda judged: judged.row.name)
def test_no_row_holds_when_nothing_was_run(judged: hold.Judged) -> None:
    assert (judged.value, judged.holds) == (None, False)
    assert judged.why == f"{judged.row.scenario} was not run"


@pytest.mark.parametrize("each", hold.ROWS, ids=lambda each: each.name)
def test_no_row_holds_by_a_report_without_figures(each: hold.Row) -> None:
    judged = row(each.name)

    assert not judged.holds
    assert judged.why == "pynng: not there"  # why, as the report says


def test_a_row_that_was_not_measured_in_every_fork_does_not_hold() -> None:
    judged = row("idle < 2 % of a core", idle(1.0, asked=3))

    assert not judged.holds
    assert judged.why.startswith("1 of 3 runs")


def test_a_row_of_which_messages_were_lost_does_not_hold() -> None:
    fast = figure("actorbus", "msgs_per_s", [2e7], case="columns, publish_columns", lost=3)

    assert not row("columns >= 10 M msg/s", fast).holds
    assert row("columns >= 10 M msg/s", msgspec.structs.replace(fast, lost=0)).holds


def typed(case: str, value: float, against: str) -> Result:
    return ratio("actorbus", against, [[value]], [[1.0]], case=case)


def test_the_typed_ratio_is_that_to_pyaeron_and_msgspec() -> None:
    case = "typed, handler a message"

    assert (
        row("typed handler >= 1.1x pyaeron + msgspec", typed(case, 0.2, "floor"), typed(case, 1.2, PEER)).value == 1.2
    )


def test_the_batch_row_is_not_the_row_of_single_messages() -> None:
    results = typed("typed, handler a message", 1.2, PEER), typed("typed, batch handler", 1.6, PEER)

    assert row("batch handler >= 1.5x pyaeron + msgspec", *results).value == 1.6


def test_what_merely_exists_may_cost_a_tenth() -> None:
    slower = ratio("actorbus, 1 streams", "actorbus, 100 streams", [[1.05]], [[1.0]], case="streams that merely exist")

    assert row("streams: 100 streams cost what 1 costs", slower).holds


def test_the_row_above_the_floor_is_of_the_native_list_reader() -> None:
    name = next(each.name for each in hold.ROWS if "60 ns" in each.name)

    assert "stage:loop" in name
    assert row(name, figure("actorbus", "message_ns", [55.0], case=hold.ABOVE)).holds


def test_the_text_says_which_fails_and_why() -> None:
    words = hold.text(hold.judge([report("idle", idle(1.0))]))

    assert "holds  idle < 2 % of a core" in words
    assert "FAILS  memory < 50 MB: not measured (memory was not run)" in words


def test_the_run_has_every_system_a_row_is_compared_with() -> None:
    assert {"floor", "pyaeron", PEER, "java-archive"} <= set(HOLD.systems or ())
