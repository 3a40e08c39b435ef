"""Small version of issue 4, line 2: every way out, twice."""

from __future__ import annotations

import pytest

from tests.system.exits import CASES, Case, go


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_process_with_a_node_ends_in_time_with_its_code_and_leaves_nothing(case: Case) -> None:
    for _ in range(2):
        go(case)
