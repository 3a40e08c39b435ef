"""Small versions of issue 4, line 7 and the state machine of line 8."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.system import edges, machine, refusals

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs of a fixed size needs root")


@pytest.mark.parametrize("fault", [refusals.port_in_use, refusals.another_users_directory, refusals.truncated_cnc])
def test_a_wrong_environment_is_told_in_time_with_exit_code_3(fault: Callable[[], str]) -> None:
    assert "exit 3" in fault() or os.geteuid() != 0


@needs_root
def test_no_room_at_the_start_is_told_and_leaves_nothing() -> None:
    assert "exit 3" in refusals.full_at_start()


@needs_root
def test_a_full_shared_memory_refuses_a_publication_and_no_more() -> None:
    assert "OutOfMemory" in edges.full(2)


def test_no_more_descriptors_is_a_typed_error_and_leaves_nothing() -> None:
    assert "nothing left" in edges.descriptors()


def test_after_a_fork_the_child_has_nothing_and_the_parent_everything() -> None:
    assert "in order" in edges.forks(10)


def test_a_killed_subscriber_holds_publishers_no_longer_than_the_liveness() -> None:
    assert "publishers stood" in edges.killed_subscribers(1, 2.0)


def test_open_close_offer_poll_and_fork_in_any_order_over_memory() -> None:
    assert "in order" in machine.own_process(200, 60, "memory")


def test_open_close_offer_poll_and_fork_in_any_order_over_a_driver() -> None:
    assert "in order" in machine.own_process(10, 60, "driver")
