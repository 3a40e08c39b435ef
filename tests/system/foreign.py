"""A foreign client each way on `frame: none`: pyaeron to our handler, our publisher to pyaeron, in order."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.system.processes import RunningNode, environment, external_driver

PARTS = "tests.system.parts"
CHANNEL = "aeron:ipc?term-length=16m"

SENDER = """
import sys, pyaeron
from tests.system.parts import payload
directory, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
idle = pyaeron.IdleStrategy.yielding().idle
with pyaeron.Aeron(dir=directory) as aeron, aeron.add_exclusive_publication(sys.argv[-1], 2001) as publication:
    publication.await_connected(20)
    for number in range(count):
        body = payload(number, size)
        while not publication.offer(body):
            idle()
    while True:  # closing at once could cut the tail: wait until the other side has gone
        if not publication.is_connected:
            break
        idle()
"""

RECEIVER = """
import json, sys, time, pyaeron
from tests.system.parts import number_of
directory, count, report = sys.argv[1], int(sys.argv[2]), sys.argv[3]
seen = {"received": 0, "wrong": 0}
def take(buffer, header=None):
    number = number_of(bytes(buffer))
    if number != seen["received"]:
        seen["wrong"] += 1
    seen["received"] += 1
with pyaeron.Aeron(dir=directory) as aeron, aeron.add_subscription(sys.argv[-1], 2002) as subscription:
    deadline = time.monotonic() + 60
    while seen["received"] < count and time.monotonic() < deadline:
        subscription.poll(take, 256)
open(report, "w").write(json.dumps(seen))
"""


def _foreign(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments, CHANNEL], env=environment(), stderr=subprocess.PIPE, text=True
    )


def _stream(stream_id: int) -> dict[str, object]:
    return {
        "channel": CHANNEL,
        "stream_id": stream_id,
        "codec": {"format": "raw"},
        "frame": "none",
        "back_pressure": {"policy": "block", "timeout": "20s"},
        "not_connected": {"policy": "wait", "timeout": "20s"},
    }


def from_pyaeron(count: int, size: int, timeout_s: float) -> str:
    """pyaeron publishes, our handler checks."""
    with tempfile.TemporaryDirectory() as place, external_driver() as directory, contextlib.ExitStack() as stack:
        report = Path(place) / "report.json"
        reader = RunningNode(
            {
                "version": 1,
                "name": "reader",
                "driver": {"mode": "external", "directory": str(directory)},
                "streams": {"numbers": _stream(2001)},
                "handlers": {
                    "check": {"stream": "numbers", "class": f"{PARTS}:Checker", "options": {"report": str(report)}}
                },
            },
            Path(place),
            "--until-idle",
            "2s",
        )
        stack.callback(reader.kill)
        sender = _foreign(SENDER, str(directory), str(count), str(size))
        stack.callback(sender.kill)
        summary = reader.finish(timeout_s)
        _, error = sender.communicate(timeout=20)
        assert sender.returncode == 0, error
        seen = json.loads(report.read_text())
    assert seen["wrong"] == 0, seen["first_wrong"]
    assert seen["received"] == count, f"{seen['received']} of {count} arrived"
    streams = summary["streams"]
    assert isinstance(streams, dict)
    assert streams["numbers"]["received"] == count
    return f"pyaeron to our handler {count} x {size} B in order"


def to_pyaeron(count: int, size: int, timeout_s: float) -> str:
    """Our source publishes, a pyaeron subscriber checks."""
    with tempfile.TemporaryDirectory() as place, external_driver() as directory, contextlib.ExitStack() as stack:
        report = Path(place) / "report.json"
        receiver = _foreign(RECEIVER, str(directory), str(count), str(report))
        stack.callback(receiver.kill)
        writer = RunningNode(
            {
                "version": 1,
                "name": "writer",
                "driver": {"mode": "external", "directory": str(directory)},
                "streams": {"numbers": _stream(2002)},
                "sources": {
                    "count": {
                        "stream": "numbers",
                        "class": f"{PARTS}:Counting",
                        "options": {"count": count, "size": size},
                    }
                },
            },
            Path(place),
            "--until-idle",
            "3s",
        )
        stack.callback(writer.kill)
        writer.finish(timeout_s)
        _, error = receiver.communicate(timeout=70)
        assert receiver.returncode == 0, error
        seen = json.loads(report.read_text())
    assert seen == {"received": count, "wrong": 0}, seen
    return f"ours to a pyaeron subscriber {count} x {size} B in order"
