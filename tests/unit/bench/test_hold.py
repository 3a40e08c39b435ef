"""The rows that must hold."""

from __future__ import annotations

from actorbus.bench import hold
from actorbus.bench.record import figure
from actorbus.bench.scenarios import SCENARIOS
from tests.unit.bench.samples import report


def row(name: str, *results: object) -> hold.Judged:
    scenario = next(each.scenario for each in hold.ROWS if each.name == name)
    return next(judged for judged in hold.judge([report(scenario, *results)]) if judged.row.name == name)


def test_every_row_is_of_a_scenario_that_runs() -> None:
    assert {each.scenario for each in hold.ROWS} <= set(hold.SCENARIOS) <= set(SCENARIOS)


def test_a_figure_within_its_bound_holds() -> None:
    assert row("idle < 2 % of a core", figure("actorbus", "percent_of_core", [1.6])).holds


def test_a_figure_beyond_its_bound_fails() -> None:
    judged = row("idle < 2 % of a core", figure("actorbus", "percent_of_core", [2.5]))

    assert (judged.value, judged.holds) == (2.5, False)


def test_a_row_that_was_not_measured_does_not_hold() -> None:
    assert not row("memory < 50 MB", figure("pyzmq", "MB", [1.0])).holds


def test_the_typed_ratio_is_that_to_pyaeron_and_msgspec() -> None:
    wrong = figure("actorbus", "ratio", [0.2], "typed, handler a message", "of floor")
    right = figure("actorbus", "ratio", [1.2], "typed, handler a message", "of pyaeron+msgspec")

    assert row("typed handler >= 1.1x pyaeron + msgspec", wrong, right).value == 1.2


def test_what_merely_exists_may_cost_a_tenth() -> None:
    slower = figure("actorbus, 1 streams", "ratio", [1.05], "streams that merely exist", "of actorbus, 100 streams")

    assert row("streams: 100 streams cost what 1 costs", slower).holds


def test_the_text_says_which_fails() -> None:
    words = hold.text(hold.judge([report("idle", figure("actorbus", "percent_of_core", [1.0]))]))

    assert "holds  idle < 2 % of a core" in words
    assert "FAILS  memory < 50 MB: not measured" in words


def test_the_batch_row_is_not_the_row_of_single_messages() -> None:
    single = figure("actorbus", "ratio", [1.2], "typed, handler a message", "of pyaeron+msgspec")
    batch = figure("actorbus", "ratio", [1.6], "typed, batch handler", "of pyaeron+msgspec")

    assert row("batch handler >= 1.5x pyaeron + msgspec", single, batch).value == 1.6
