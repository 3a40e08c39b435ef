"""Issue 5, line 1, as CI runs it: goldens against the rule, mutations of a right topology, hostile files."""

from __future__ import annotations

import pytest

from tests.prove.diagnostics import BROKEN, GOLDENS_LEAST, HOSTILE_FILES, golden_faults, hostile, mutations


def test_there_are_as_many_broken_topologies_as_promised() -> None:
    assert len(list(BROKEN.glob("*.golden"))) == len(list(BROKEN.glob("*.yaml"))) >= GOLDENS_LEAST


def test_every_golden_line_has_place_value_bound_and_hint() -> None:
    assert golden_faults() == []


@pytest.mark.parametrize("first", [1, 126, 251, 376])
def test_every_refusal_of_a_mutation_names_a_line_of_what_was_mutated(first: int) -> None:
    refused, accepted, faults = mutations(125, first)

    assert faults == []
    assert refused > 60
    assert accepted > 5


def test_hostile_files_end_in_time_and_memory() -> None:
    harm = hostile()

    assert harm.faults == []
    assert harm.files == HOSTILE_FILES
    assert len(harm.codes) > 20
