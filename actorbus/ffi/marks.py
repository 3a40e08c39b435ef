"""The border to native/ab_marks: how far each session of each recorded stream is in a recording.

Rules of this file:

* One thread, the recorder's. ``close`` gives the file up; subscriptions that still use the marks keep them in memory.
* A file that cannot be used costs its marks and nothing else: `problem` says why, and all goes on without.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, final

from actorbus.errors import ClosedError, InvalidValue, OutOfMemory
from actorbus.ffi.failure import error_text, new_error
from actorbus.ffi.native import ffi, lib
from actorbus.ffi.waiting import Subscribed

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import ab_marks

__all__ = ["Marks", "follow_marks", "repeated_of"]


@final
class Marks:
    """The marks of one recording that is open for writing.

    Args:
        path: of the file, made when it is missing.
        uuid: of the recording, 16 bytes.
        end: its written position.
    """

    __slots__ = ("_native", "behind", "problem")

    def __init__(self, path: Path | str, uuid: bytes, end: int) -> None:
        error, behind = new_error(), ffi.new("int64_t *")
        native = lib.ab_marks_open(os.fsencode(path), uuid, end, behind, error)
        if not native:
            raise OutOfMemory("no memory for the marks of sessions")
        self._native: ab_marks | None = native
        self.behind: int = behind[0]
        """Records behind this position are to be told (`raise_to`, `catch_up`) before the first sweep."""
        self.problem: str | None = error_text(error) if error.code != lib.AB_OK else None
        """Why the file cannot be used, or was not written; None: it is fine."""

    @property
    def native(self) -> ab_marks:
        """The native object. Raises ClosedError after close."""
        if self._native is None:
            raise ClosedError("the marks are closed")
        return self._native

    def raise_to(self, stream: int, session: int, position: int, stream_position: int) -> None:
        """Tell a record behind `behind`: its stream's number, session, place in the recording, and in its session."""
        lib.ab_marks_raise(self.native, stream, session, position, stream_position)

    def catch_up(self, directory: Path | str) -> None:
        """Tell all records of a native journal behind `behind`; what cannot be read is a `problem`."""
        error = new_error()
        if lib.ab_marks_catch_up_wait(self.native, os.fsencode(directory), self.behind, error) != lib.AB_OK:
            self.problem = error_text(error)

    def at(self, position: int) -> None:
        """Note the recording's appended position: sessions that are new from here on have their records behind it."""
        lib.ab_marks_at(self.native, position)

    def sweep(self, position: int, subscriptions: Iterable[Subscribed] = ()) -> None:
        """Write that all these subscriptions took is in the recording below `position`, and that this is written."""
        for subscription in subscriptions:
            lib.ab_subscription_mark(subscription.handle)
        error = new_error()
        if lib.ab_marks_sweep(self.native, position, error) != lib.AB_OK:
            self.problem = error_text(error)

    def close(self) -> None:
        """Close the file. Again does nothing."""
        native, self._native = self._native, None
        if native is not None:
            lib.ab_marks_close(native)


def follow_marks(subscription: Subscribed, marks: Marks | None, stream: int, *, framed: bool) -> None:
    """Mark the sessions of a subscription as those of a stream, and drop what their marks have; None: no more.

    Raises:
        ClosedError: the subscription is closed. InvalidValue: the stream's number is not in 0 .. 65535.
    """
    native = ffi.NULL if marks is None else marks.native
    code = lib.ab_subscription_marks(subscription.handle, native, stream, int(framed))
    if code == lib.AB_STALE:
        raise ClosedError("the subscription is closed")
    if code != lib.AB_OK:
        raise InvalidValue(f"stream number {stream} is out of range", hint="0 to 65535")


def repeated_of(subscription: Subscribed) -> int:
    """Return how many messages of a subscription were dropped as recorded before; 0 when it is closed."""
    return max(0, lib.ab_subscription_repeated(subscription.handle))
