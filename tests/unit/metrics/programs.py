"""Small programs the tests of statistics run as processes of their own, and how to run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import actorbus.metrics

PATHS: Final = os.pathsep.join([str(Path(actorbus.metrics.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
DEADLINE_S: Final = 30

WRITER: Final = """
import sys
from actorbus.metrics import STREAM, Statistics, StreamCounter
path = None if sys.argv[1] == "default" else sys.argv[1]
statistics = Statistics.create(path, name="writer", driver_directory="/driver", size=65536)
statistics.counter_block(STREAM, "bars").add(StreamCounter.RECEIVED, 42)
statistics.heartbeat()
print(statistics.path, flush=True)
command = sys.stdin.readline().strip()
if command == "close":
    statistics.close()
"""


def start(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a Python program whose stdin and stdout are pipes."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PATHS},
    )


def run(program: str, *arguments: str | Path) -> str:
    """Run a Python program to its end; return its stdout. It must end with 0."""
    with start(program, *arguments) as process:
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, err
    return out
