"""Policy `conflate`: while a stream has no room, the newest message of each key waits in the publisher.

    refused A1, B1, A2, C1   ->   waits: A2, B1, C1 (in order of first refusal); A1 was replaced: dropped

Guarantees (inv_delivered_plus_missing_is_sent):
* What is replaced is counted `dropped` and uses up a sequence, so subscribers report it missing; nothing else is lost.
* While something waits the publication is held: a newer message cannot overtake an older one of its key.
* Messages of two types never replace each other, whatever their keys.

Thread: any; the lock is held for native calls that never wait.
"""

from __future__ import annotations

import threading
from typing import Protocol

from actorbus.errors import UsageError

__all__ = ["Conflation", "Line"]


class Line(Protocol):
    """What waiting messages need of their publisher."""

    def retry(self, body: object) -> int:
        """Offer a body that was refused before: its sequence, or an AB_ code."""
        ...

    def drop(self) -> int:
        """Give up one message: counted, its sequence used up."""
        ...

    def keeps(self, code: int) -> bool:
        """Whether a message refused with this code goes on waiting."""
        ...

    def hold(self, holder: object) -> None:
        """Refuse what comes behind: messages of this holder wait in front."""
        ...

    def unhold(self, holder: object) -> None:
        """Nothing of this holder waits any more."""
        ...


class Conflation:
    """The messages of one publisher that wait, by key."""

    def __init__(self, line: Line, key: str) -> None:
        self._line = line
        self._key = key
        self._lock = threading.Lock()
        self._waiting: dict[tuple[type, object], object] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: object, body: object) -> bool:
        """Let a refused message wait; True when it is the first, so that somebody must flush.

        Raises:
            UsageError: the value of its key field cannot tell messages apart (a list, a mapping).
        """
        value: object = getattr(message, self._key, None)
        key = (type(message), value)
        try:
            hash(key)
        except TypeError as error:
            raise UsageError(
                f"{type(message).__name__}.{self._key} is a {type(value).__name__}, which cannot be a key to "
                "conflate by: choose a field that holds text or a number"
            ) from error
        with self._lock:
            first = not self._waiting
            if key in self._waiting:
                self._line.drop()
            self._waiting[key] = body
            if first:
                self._line.hold(self)
        return first

    def flush(self) -> bool:
        """Send what there is room for, in order of first refusal; True when nothing waits any more."""
        if not self._waiting:
            return True
        line = self._line
        with self._lock:
            while self._waiting:
                key = next(iter(self._waiting))
                code = line.retry(self._waiting[key])
                if code < 0 and line.keeps(code):
                    return False
                if code < 0:
                    line.drop()
                del self._waiting[key]
            line.unhold(self)
        return True

    def give_up(self) -> int:
        """Drop what waits, counted; returns how many. The publisher is closing."""
        with self._lock:
            count = len(self._waiting)
            for _ in range(count):
                self._line.drop()
            self._waiting.clear()
            self._line.unhold(self)
        return count
