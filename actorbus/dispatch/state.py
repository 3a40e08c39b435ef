"""What is counted of one handler, and how an error of it is told. Written by the thread that runs the handler."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from actorbus.dispatch.meta import Record

__all__ = ["HandlerState", "Keep", "Latency", "describe", "nowhere"]

Keep = Callable[[str, str, Record, tuple[int, int] | None, str], None]
"""Told handler, stream, record, place in a recording (None: it came live) and error of a quarantined message."""


def nowhere(_handler: str, _stream: str, _record: Record, _recorded: tuple[int, int] | None, _error: str, /) -> None:
    """Keep nothing."""


class Latency(Protocol):
    """Where sampled latencies go: a histogram of the statistics file."""

    def record(self, value_ns: int, /) -> None: ...


class HandlerState:
    """What is counted of one handler, on all its streams. Written on the handler's thread only."""

    __slots__ = (
        "away",
        "errors",
        "failed",
        "keep",
        "latency",
        "log",
        "name",
        "on_error",
        "restarts",
        "seen",
        "stopped",
    )

    def __init__(self, name: str, on_error: str, latency: Latency, log: logging.Logger, keep: Keep = nowhere) -> None:
        self.name = name
        self.on_error = on_error
        self.latency = latency
        self.log = log
        self.keep = keep
        self.errors = 0
        self.restarts = 0
        self.stopped = False
        """It gets nothing more."""
        self.failed = False
        """It was stopped by its error policy: what comes for it is a dead letter."""
        self.away = False
        """It pauses before its restart: what comes for it meanwhile is a dead letter (inline), or waits (mailbox)."""
        self.seen: set[type[BaseException]] = set()

    def raised(self, error: BaseException, where: str) -> None:
        """Count an error; the first of its type is logged with its traceback."""
        self.errors += 1
        if type(error) not in self.seen:
            self.seen.add(type(error))
            self.log.error(
                "%s raised %s %s; further ones of this type are only counted",
                self.name,
                type(error).__name__,
                where,
                exc_info=error,
            )

    def kept(self, stream: str, record: Record, recorded: tuple[int, int] | None, error: BaseException) -> None:
        """Keep the address of a message it raised on, where the stream is recorded."""
        self.keep(self.name, stream, record, recorded, describe(error))


def describe(error: BaseException) -> str:
    """Return type and text of an exception."""
    return f"{type(error).__name__}: {error}"
