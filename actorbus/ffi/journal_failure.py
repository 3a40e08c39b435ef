"""From a native answer about a journal to the exception whose fault it is; the native text names the place.

native answer   exception            native answer   exception           native answer   exception
AB_CORRUPT      CorruptRecord        AB_LOCKED       JournalLocked       AB_STALE        ClosedError
AB_LOST         CorruptRecord        AB_NOT_FOUND    RecordingNotFound   AB_INVALID      InvalidValue
AB_NO_SPACE     OutOfSpace           AB_PURGED       PositionPurged      AB_NO_MEMORY    OutOfMemory
AB_FAILED       StorageFailed        AB_REFUSED      FormatRefused       AB_TIMED_OUT    RecordingError
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from actorbus.errors import ActorBusError, ClosedError, InvalidValue, OutOfMemory, RecordingError
from actorbus.ffi.failure import error_text
from actorbus.ffi.native import lib
from actorbus.recording.errors import (
    CorruptRecord,
    FormatRefused,
    JournalLocked,
    OutOfSpace,
    PositionPurged,
    RecordingNotFound,
    StorageFailed,
)

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import ab_error

__all__ = ["journal_failure"]

# What the native texts say in their fixed words; native/tests hold the texts, tests/unit/ffi this reading of them.
_PLACE: Final = re.compile(
    r"(?P<file>[^\n]*?\.journal)(?:, offset (?P<offset>\d+))?(?:, expected sequence (?P<sequence>\d+))?"
)
_GOES_ON: Final = re.compile(r"reading can go on at position (?P<position>\d+)")
_FIRST: Final = re.compile(r"first available is sequence (?P<sequence>\d+) \(position (?P<position>\d+)\)")

_BY_CODE: Final[dict[int, type[ActorBusError]]] = {
    lib.AB_NO_SPACE: OutOfSpace,
    lib.AB_FAILED: StorageFailed,
    lib.AB_LOCKED: JournalLocked,
    lib.AB_NOT_FOUND: RecordingNotFound,
    lib.AB_REFUSED: FormatRefused,
    lib.AB_STALE: ClosedError,
    lib.AB_INVALID: InvalidValue,
    lib.AB_TOO_LARGE: InvalidValue,
    lib.AB_NO_MEMORY: OutOfMemory,
}
_HINTS: Final[dict[int, str]] = {
    lib.AB_LOCKED: "stop the other writer, or read the recording without writing to it",
    lib.AB_FAILED: "look at the disk (dmesg); then go on in a new segment, or open the recording anew",
    lib.AB_NO_SPACE: "make room, or give the recording a retention",
}


def _number(found: re.Match[str] | None, name: str, missing: int) -> int:
    text = found[name] if found else None
    return missing if text is None else int(text)


def journal_failure(code: int, error: ab_error, where: str | None) -> ActorBusError:
    """Return the exception for a native answer below zero; the caller raises it."""
    text = error_text(error)
    if code in {lib.AB_CORRUPT, lib.AB_LOST}:
        place = _PLACE.search(text)
        return CorruptRecord(
            text,
            where=where,
            file=place["file"] if place else None,
            offset=_number(place, "offset", -1),
            sequence=_number(place, "sequence", -1),
            next_position=_number(_GOES_ON.search(text), "position", -1),
        )
    if code == lib.AB_PURGED:
        first = _FIRST.search(text)
        return PositionPurged(
            text,
            where=where,
            first_sequence=_number(first, "sequence", 0),
            first_position=_number(first, "position", 0),
        )
    make = _BY_CODE.get(code, RecordingError)
    return make(text, where=where, hint=_HINTS.get(code))
