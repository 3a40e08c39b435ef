"""Handlers that read a recording. Each rule has a right and a wrong case."""

from __future__ import annotations

import pytest

from actorbus.topology.model import HandlerSpec
from actorbus.topology.rules_replays import reads_recording
from tests.support.topologies import codes, minimal

BARS = {"stream_id": 1, "messages": ["Bar"]}
QUOTES = {"stream_id": 2, "messages": ["Quote"]}
TAPE = {"streams": ["bars"], "directory": "tape"}
LINES = {"streams": ["bars"], "directory": "tape", "backend": "jsonl"}


def errors(handler: dict[str, object], recorder: dict[str, object] | None) -> list[str]:
    found = codes(
        minimal(
            streams={"bars": BARS, "quotes": QUOTES},
            handlers={
                "h": {"stream": "bars", "class": "count", **handler},
                "other": {"stream": "bars", "class": "count"},
            },
            recorders={} if recorder is None else {"tape": recorder},
        )
    )
    return [code for code in found if not code.startswith("AB19")]


@pytest.mark.parametrize(
    ("handler", "recorder", "code"),
    [
        ({"resume": True}, TAPE, None),
        ({"start": "live"}, None, None),
        ({"start": "earliest"}, TAPE, None),
        ({"start": {"sequence": 4}, "resume": True}, TAPE, None),
        ({"start": {"time": "2026-03-02T09:30:00Z"}}, TAPE, None),
        ({"start": "yesterday"}, TAPE, "AB1244"),
        ({"start": {"sequence": -1}}, TAPE, "AB1244"),
        ({"start": {"sequence": 1, "position": 2}}, TAPE, "AB1244"),
        ({"resume": True}, None, "AB1245"),
        ({"resume": True}, LINES, "AB1245"),
        ({"resume": True, "dispatch": "mailbox"}, TAPE, "AB1245"),
        ({"resume": True, "on_error": "restart"}, TAPE, None),
        ({"start": "earliest", "on_error": "restart"}, TAPE, None),
        ({"resume": True, "stream": None, "streams": ["bars", "quotes"]}, TAPE, "AB1245"),
    ],
)
def test_what_a_handler_that_reads_a_recording_needs(
    handler: dict[str, object], recorder: dict[str, object] | None, code: str | None
) -> None:
    assert errors(handler, recorder) == ([code] if code else [])


def test_a_live_handler_reads_none() -> None:
    assert not reads_recording(HandlerSpec(cls="count"))
    assert not reads_recording(HandlerSpec(cls="count", start="live"))
    assert reads_recording(HandlerSpec(cls="count", start="earliest"))
    assert reads_recording(HandlerSpec(cls="count", start="live", resume=True))
