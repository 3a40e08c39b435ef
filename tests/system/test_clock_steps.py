"""Row B5 of the promises: steps of the wall clock."""

from __future__ import annotations

import pytest

from tests.system.stepped import Step, ends, goes_on


def test_messages_go_on_through_steps_that_aeron_forgives() -> None:
    goes_on([Step(5), Step(-60), Step(0, stands=True), Step(-3600), Step(8)])


@pytest.mark.parametrize("seconds", [60, 3600])
def test_a_step_beyond_aerons_timeouts_ends_the_nodes_which_name_it(seconds: float) -> None:
    ends(Step(seconds))
