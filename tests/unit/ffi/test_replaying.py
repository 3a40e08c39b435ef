"""The border to native/ab_replay; tests/unit/actors/test_replays.py reads through it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from actorbus.errors import ClosedError
from actorbus.ffi import FollowHandle, ReplayOrder, attach_replay, open_handles, replay_state
from actorbus.journal import open_recording
from actorbus.recording import EARLIEST, Place, PositionPurged, RecordedStream


def test_a_handle_closes_once_and_is_stale_then(tmp_path: Path) -> None:
    before = open_handles()
    handle = FollowHandle.open("here")
    assert open_handles() == before + 1
    handle.close(0)
    handle.close(0)
    assert open_handles() == before
    with open_recording(tmp_path, write=True, sync="none") as recording:
        recording.add_stream(RecordedStream(name="s"))
    with pytest.raises(ClosedError):
        attach_replay(handle.handle, ReplayOrder(str(tmp_path), (0,), EARLIEST, None, math.inf, join=False))
    assert replay_state(handle.handle, "here").phase == "none"


def test_a_place_that_is_not_there_yet_is_refused_with_what_is(tmp_path: Path) -> None:
    with open_recording(tmp_path, write=True, sync="none") as recording:
        recording.append(recording.add_stream(RecordedStream(name="s")), b"x")
    handle = FollowHandle.open("here")
    with pytest.raises(Exception, match="the next one is 1") as caught:
        attach_replay(handle.handle, ReplayOrder(str(tmp_path), (0,), Place("sequence", 9), None, math.inf, join=False))
    assert not isinstance(caught.value, PositionPurged)
    attach_replay(handle.handle, ReplayOrder(str(tmp_path), (0,), Place("sequence", 1), None, math.inf, join=False))
    state = replay_state(handle.handle, "here")
    assert (state.phase, state.sequence, state.error) == ("replay", 1, None)
    handle.close(0)
