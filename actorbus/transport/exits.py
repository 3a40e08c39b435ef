"""Closes what is still open when the interpreter exits (architecture D13).

A process that dies without closing its Aeron client stalls every publisher of its streams for ten seconds, and
leaves its driver's files in shared memory. So whatever opens something registers it here until it is closed; at
exit the rest is closed, newest first: clients come before the driver they are connected to.

Thread: any. A forked child inherits the list but closes nothing: its handles are stale and the rest is its parent's.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from typing import Protocol

__all__ = ["Closeable", "forget", "remember"]


class Closeable(Protocol):
    """Something with a close() that may be called twice."""

    def close(self) -> None: ...


_lock = threading.Lock()
_open: dict[int, Closeable] = {}
_pid = os.getpid()


def remember(thing: Closeable) -> None:
    """Close `thing` at exit, unless it is forgotten before."""
    global _pid
    with _lock:
        if _pid != os.getpid():  # the first one opened in a forked child
            _open.clear()
            _pid = os.getpid()
        _open[id(thing)] = thing


def forget(thing: Closeable) -> None:
    """It was closed."""
    with _lock:
        _open.pop(id(thing), None)


@atexit.register
def _close_all() -> None:
    if _pid != os.getpid():
        return
    with _lock:
        left = list(_open.values())
    for thing in reversed(left):
        with contextlib.suppress(Exception):  # the process ends: the others must be closed all the same
            thing.close()
    _open.clear()
