"""What the dispatcher needs of a native `PollPort` (actorbus/ffi), and an iterator for messages taken one by one."""

from __future__ import annotations

from typing import Protocol

from actorbus.dispatch.meta import Record
from actorbus.dispatch.notices import Notice

__all__ = ["NOTICES", "REASON_DECODE", "REASON_HANDLER", "OnePlace", "Port"]

NOTICES = -1
"""What `poll` answers while notices wait (native/ab_poll.h)."""
REASON_DECODE = 3
REASON_HANDLER = 4
"""Why the dispatcher puts a message into the quarantine (native/ab_quarantine.h)."""


class Port(Protocol):
    """What the dispatcher needs of a native `PollPort` (actorbus/ffi)."""

    def poll(self) -> int: ...
    def bodies(self) -> list[bytes]: ...
    def record(self, place: int, /) -> Record: ...
    def reject(self, place: int, reason: int, error: str, /) -> object: ...
    def put(
        self,
        session: int,
        position: int,
        index: int,
        sequence: int,
        type_id: int,
        version: int,
        reason: int,
        error: str,
        body: bytes,
        /,
    ) -> object: ...
    def packed(self) -> bytes: ...
    def copy(self) -> tuple[bytes, bytes]: ...
    def session_position(self, session: int, /) -> int: ...
    def recorded(self, place: int, /) -> tuple[int, int] | None: ...
    def places(self) -> bytes | None: ...
    def service(self) -> None: ...
    def notices(self) -> list[Notice]: ...
    @property
    def type_counts(self) -> list[tuple[int, int]]: ...


class OnePlace:
    """An iterator of one message that counts as standing at a given place of the batch (see `Meta.place`)."""

    __slots__ = ("_message", "_place")

    def __init__(self, message: object, place: int) -> None:
        self._message: object | None = message
        self._place = place

    def __iter__(self) -> OnePlace:
        return self

    def __next__(self) -> object:
        message = self._message
        if message is None:
            raise StopIteration
        self._message = None
        return message

    def __length_hint__(self) -> int:
        return -self._place - 1  # so that 0 - hint - 1 is the place
