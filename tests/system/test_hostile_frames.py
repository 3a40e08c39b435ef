"""Small version of issue 4, line 1: a hostile UDP peer; the native path under ASan is native/tests/test_hostile.c."""

from __future__ import annotations

import os

import pytest

from tests.system.hostile_frames import huge_setups, under_fire


def test_a_node_under_fire_lives_counts_and_hears_its_real_publisher() -> None:
    assert "alive" in under_fire(20_000, seed=1)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs of a fixed size needs root")
def test_setups_of_huge_terms_are_refused_and_counted() -> None:
    assert "alive" in huge_setups(10)
