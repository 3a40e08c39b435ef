"""A real node that publishes as fast as it can and records it: `python -m tests.system.recording_node DIR DRIVER`.

It is to be killed. DIR holds the recording (`tape`). Each durable position the node's statistics tell goes to
stdout, 8 bytes, little endian; the first is written with the node up. Ends only by a signal.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import actorbus as ab

TEXT = "x" * 200
BURST = 200


class Tick(ab.Message, type_id=1001, version=1):
    """A numbered message; the number is the sequence of its frame."""

    n: int
    text: str


def topology(folder: Path, driver: Path) -> dict[str, Any]:
    """Return a node with one stream and its recorder."""
    return {
        "version": 1,
        "name": "killed",
        "profile": "ci",
        "driver": {"mode": "embedded", "directory": str(driver)},
        "streams": {"ticks": {"channel": "aeron:ipc?term-length=1m", "stream_id": 1001, "messages": [Tick]}},
        "recorders": {"tape": {"streams": ["ticks"], "directory": str(folder / "tape"), "segment": "1m"}},
    }


def main(folder: str, driver: str) -> None:
    """Publish and tell, for ever."""
    told, n = -1, 0
    with ab.Node.from_dict(topology(Path(folder), Path(driver))) as node:
        ticks = node.publisher("ticks")
        while True:
            durable = node.stats().recorders["tape"].durable_position
            if durable > told:
                os.write(1, durable.to_bytes(8, "little"))
                told = durable
            for _ in range(BURST):
                ticks.publish(Tick(n, TEXT))
                n += 1


if __name__ == "__main__":
    main(*sys.argv[1:3])
