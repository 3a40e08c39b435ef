"""Small versions of issue 7, lines 2 and 3: attacks on the native journal."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.system import crashes, killed_nodes

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs of a fixed size needs root")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing (tools/system_tools.sh)")


def test_a_killed_recorder_loses_nothing_durable() -> None:
    assert "20 kills, 0 of" in crashes.kills(20)


def test_a_killed_node_loses_nothing_that_its_statistics_called_durable() -> None:
    assert "0 told durable lost" in killed_nodes.kills(3)


@needs_strace
def test_a_recorder_killed_at_a_system_call_loses_nothing_durable() -> None:
    assert "0 durable lost" in crashes.injections(30)


def test_a_power_loss_takes_nothing_durable() -> None:
    assert "5000 images" in crashes.power(10_000)


def test_damage_is_named_and_nothing_wrong_is_returned() -> None:
    assert "4096 cuts" in crashes.media(16)


def test_what_a_crash_and_random_damage_left_is_salvaged_repaired_and_gone_on_with() -> None:
    assert "1000 crashes" in crashes.salvage(2000)


def test_a_call_that_fails_loses_nothing() -> None:
    assert "failures" in crashes.failing(1, 50)


@needs_root
def test_a_full_disk_refuses_and_goes_on() -> None:
    assert "3 of 3" in crashes.full(3)
