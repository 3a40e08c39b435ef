"""The records of a plan."""

from __future__ import annotations

import pytest

from actorbus.topology import planned
from actorbus.topology.plan import load_mapping
from tests.support.topologies import minimal


def test_a_plan_is_frozen() -> None:
    plan = load_mapping(minimal(), env={})

    for record in (plan, plan.driver, plan.streams["s"], plan.pollers[0], plan.supervision, plan.observability):
        with pytest.raises(AttributeError):
            record.name = "other"  # type: ignore[union-attr]


def test_the_budget_of_a_plan_is_its_memory() -> None:
    plan = load_mapping(minimal(), env={})

    assert plan.memory_budget == plan.memory.total > 0


def test_every_record_says_what_it_is() -> None:
    assert all(getattr(planned, name).__doc__ for name in planned.__all__)
