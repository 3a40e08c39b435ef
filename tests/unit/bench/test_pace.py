"""What the machine did meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.bench import pace


def test_the_pace_is_of_real_work() -> None:
    assert 0 < pace.pace_ms() < 10_000


def test_conditions_are_those_since_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    paces = iter([10.0, 30.0, 20.0])
    monkeypatch.setattr(pace, "pace_ms", lambda: next(paces))
    watch = pace.Watch()
    watch.look()
    found = watch.conditions()

    assert (found.pace_ms, found.slow, found.swing, found.looks) == (20.0, 2.0, 3.0, 3)
    assert 0 <= found.steal_percent <= 100
    assert 0 <= found.foreign_percent <= 100


def test_steal_and_others_are_told_of_all_processor_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    monkeypatch.setattr(pace, "STAT", stat)
    monkeypatch.setattr(pace, "pace_ms", lambda: 10.0)
    stat.write_text("cpu 0 0 0 0 0 0 0 0 0 0\n", encoding="utf-8")
    watch = pace.Watch()
    stat.write_text("cpu 100000 0 0 800000 0 0 0 100000 0 0\n", encoding="utf-8")
    found = watch.conditions()

    assert found.steal_percent == 10.0
    assert 9.0 < found.foreign_percent <= 10.0  # but what this test itself used


def test_a_kernel_that_does_not_tell_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pace, "STAT", tmp_path / "none")

    assert pace.Watch().conditions().steal_percent == 0.0
