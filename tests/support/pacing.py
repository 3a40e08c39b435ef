"""Spaces out the traffic a test *sends*. It is never a way to wait for something to happen: that has a deadline."""

from __future__ import annotations

import threading

__all__ = ["pace"]

_never = threading.Event()


def pace(seconds: float) -> None:
    """Leave so much time between what was sent and what is sent next."""
    _never.wait(seconds)
