"""The small version of issue 7, line 1: the demo on bars of the real file's shape, recorded and replayed."""

from __future__ import annotations

from pathlib import Path

from tests.prove.replays import replayed
from tests.support.bars import DAYS, WEEKS, write_bars


def test_the_demo_replays_byte_for_byte_and_from_the_middle_exactly(tmp_path: Path) -> None:
    assert f"recorded {2 * WEEKS * DAYS} bars, {2 * WEEKS} alerts" in replayed(write_bars(tmp_path))
