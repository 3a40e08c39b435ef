"""Processes, drivers and folders that do not outlive a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.bench import rig
from actorbus.errors import BrokenError


def test_a_side_that_fails_ends_the_others_and_is_told() -> None:
    waits = rig.Side("tests.unit.bench.sides:wait_for_ever", {})
    with pytest.raises(rig.SideFailed) as caught:
        rig.run(waits, rig.Side("tests.unit.bench.sides:fail", {}))

    assert "sides:fail ended with code 1" in str(caught.value)
    assert "the reason is told" in str(caught.value.why)
    assert caught.value.side == 1


def test_a_side_that_is_late_is_ended() -> None:
    with pytest.raises(BrokenError, match=r"wait_for_ever was late \(0\.3 s\) and killed"):
        rig.run(rig.Side("tests.unit.bench.sides:wait_for_ever", {}), within_s=0.3)


def test_a_place_is_gone_at_the_end() -> None:
    with rig.place() as place:
        assert Path(place).is_dir()
    assert not Path(place).exists()


def test_a_driver_has_a_directory_while_it_runs(bench_driver: str) -> None:
    assert (Path(bench_driver) / "cnc.dat").is_file()


def test_writer_and_reader_have_cores() -> None:
    assert set(rig.two_cpus()) <= set(rig.cores())
