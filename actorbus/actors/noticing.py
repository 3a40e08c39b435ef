"""Says in the log that messages of a stream are lost or refused: at the first, and at ten times as many.

The counters have every one; this is for whoever does not look at them. Thread: the session supervisor's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from actorbus.metrics import CounterBlock, StreamCounter

__all__ = ["Noticing"]

log = logging.getLogger("actorbus.streams")
_WORDS: Final = MappingProxyType({
    StreamCounter.MISSING: "missing: lost on their way, or dropped by their publisher; handlers are told by a Gap",
    StreamCounter.DROPPED: "dropped by this node's own policy (back_pressure, not_connected)",
    StreamCounter.INVALID_FRAMES: "refused: their frames are none of Aeron's that this stream can have",
    StreamCounter.MALFORMED: "refused: they are not what they say they are; node.quarantine has the newest",
    StreamCounter.UNKNOWN_TYPE: "refused: their type is not among the stream's `messages`",
})  # fmt: skip


class Noticing:
    """What was said of each stream."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, StreamCounter], int] = {}

    def look(self, blocks: Mapping[str, CounterBlock]) -> None:
        """Compare the counters of each stream, by name, with what was said of it."""
        for name, block in blocks.items():
            for counter, words in _WORDS.items():
                count = block[counter]
                if count >= self._next.get((name, counter), 1):
                    self._next[name, counter] = 10 ** len(str(count))
                    log.warning("stream %s: %d message%s %s", name, count, "" if count == 1 else "s", words)
