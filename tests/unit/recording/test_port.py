"""The port is a protocol: the suite in tests/conformance holds backends to it; here, that its words are whole."""

from __future__ import annotations

import inspect

import pytest

from actorbus.recording.port import RecordingPort, RecordingReader


@pytest.mark.parametrize("protocol", [RecordingPort, RecordingReader])
def test_every_member_says_what_it_does(protocol: type) -> None:
    members = {name: member for name, member in vars(protocol).items() if not name.startswith("_")}
    assert len(members) > 10
    assert [name for name, member in members.items() if not (inspect.getdoc(member) or "").strip()] == []
