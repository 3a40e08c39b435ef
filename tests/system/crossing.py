"""Two nodes in two processes over an external driver: everything arrives, whole and in order."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path

from tests.system.processes import RunningNode, external_driver, free_port

PARTS = "tests.system.parts"


def cross(media: str, count: int, size: int, timeout_s: float) -> str:
    """Send `count` payloads of `size` bytes between two processes; returns the figure, or raises AssertionError."""
    channel = (
        "aeron:ipc?term-length=16m"
        if media == "ipc"
        else f"aeron:udp?endpoint=127.0.0.1:{free_port()}|term-length=16m|so-rcvbuf=2m|rcv-wnd=1m"
    )
    stream = {"channel": channel, "stream_id": 1001, "codec": {"format": "raw"}}
    with tempfile.TemporaryDirectory() as place, external_driver() as directory, contextlib.ExitStack() as stack:
        folder, report = Path(place), Path(place) / "report.json"
        driver = {"mode": "external", "directory": str(directory)}
        reader = RunningNode(
            {
                "version": 1,
                "name": "reader",
                "driver": driver,
                "streams": {"numbers": stream},
                "handlers": {
                    "check": {"stream": "numbers", "class": f"{PARTS}:Checker", "options": {"report": str(report)}}
                },
            },
            folder,
            "--until-idle",
            "2s",
        )
        stack.callback(reader.kill)
        writer = RunningNode(
            {
                "version": 1,
                "name": "writer",
                "driver": driver,
                "streams": {
                    "numbers": {
                        **stream,
                        "back_pressure": {"policy": "block", "timeout": "20s"},
                        "not_connected": {"policy": "wait", "timeout": "20s"},
                    }
                },
                "sources": {
                    "count": {
                        "stream": "numbers",
                        "class": f"{PARTS}:Counting",
                        "options": {"count": count, "size": size},
                    }
                },
            },
            folder,
            "--until-idle",
            "3s",
        )
        stack.callback(writer.kill)
        sent = writer.finish(timeout_s)
        got = reader.finish(timeout_s)
        seen = json.loads(report.read_text())
    assert seen["wrong"] == 0, seen["first_wrong"]
    assert seen["received"] == seen["next"] == count, f"{seen['received']} of {count} arrived"
    streams_sent, streams_got = sent["streams"], got["streams"]
    assert isinstance(streams_sent, dict)
    assert isinstance(streams_got, dict)
    assert streams_sent["numbers"]["published"] == count
    assert streams_got["numbers"]["received"] == count
    assert streams_got["numbers"]["gaps"] == streams_got["numbers"]["missing"] == 0
    return f"{media} {count} x {size} B in order, none missing"
