"""Tools work on a folder, whatever its backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.journal.tools import find_recordings, repair, segments, verify
from actorbus.recording import RecordingNotFound
from tests.support.tapes import damage, record_quotes


def test_recordings_are_found_three_folders_deep(tmp_path: Path) -> None:
    made = [record_quotes(tmp_path / place, 1) for place in ("b/x/deep", "a", "c/d")]
    record_quotes(tmp_path / "much" / "too" / "deep" / "down", 1)
    assert find_recordings(tmp_path) == sorted(made)
    assert find_recordings(made[0]) == [made[0]]
    assert find_recordings(tmp_path / "nowhere") == []


def test_verify_repair_and_segments_agree(tmp_path: Path) -> None:
    record_quotes(tmp_path, 400)
    listed = segments(tmp_path)
    report = verify(tmp_path)
    assert report.is_whole
    assert (listed[0].first_sequence, listed[-1].next_sequence) == (0, 400)
    assert report.segments == len(listed) > 1
    assert all(one.end_position == two.first_position for one, two in zip(listed, listed[1:], strict=False))  # noqa: RUF007
    damage(tmp_path, 7)
    assert not verify(tmp_path).is_whole
    assert repair(tmp_path).lost >= 1


def test_where_there_is_nothing_it_is_said(tmp_path: Path) -> None:
    for tool in (verify, repair, segments):
        with pytest.raises(RecordingNotFound):
            tool(tmp_path)
