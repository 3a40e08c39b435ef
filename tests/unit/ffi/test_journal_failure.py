from __future__ import annotations

import pytest

from actorbus.errors import ActorBusError, ClosedError, InvalidValue, OutOfMemory, RecordingError
from actorbus.ffi.failure import new_error
from actorbus.ffi.journal_failure import journal_failure
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


def made(code: int, text: str) -> ActorBusError:
    error = new_error()
    error.code = code
    for i, byte in enumerate(text.encode() + b"\0"):
        error.text[i] = bytes([byte])  # pyright: ignore[reportArgumentType] - a char array takes bytes of one
    return journal_failure(code, error, "tape")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (lib.AB_NO_SPACE, OutOfSpace),
        (lib.AB_FAILED, StorageFailed),
        (lib.AB_LOCKED, JournalLocked),
        (lib.AB_NOT_FOUND, RecordingNotFound),
        (lib.AB_REFUSED, FormatRefused),
        (lib.AB_STALE, ClosedError),
        (lib.AB_INVALID, InvalidValue),
        (lib.AB_TOO_LARGE, InvalidValue),
        (lib.AB_NO_MEMORY, OutOfMemory),
        (lib.AB_TIMED_OUT, RecordingError),
    ],
)
def test_every_answer_has_its_class(code: int, expected: type[ActorBusError]) -> None:
    error = made(code, "what it was")
    assert type(error) is expected
    assert (error.what, error.where) == ("what it was", "tape")


def test_a_corrupt_record_carries_its_place() -> None:
    text = "/a b/0000000000001000.journal, offset 4160, expected sequence 7: wrong; reading can go on at position 999"
    error = made(lib.AB_CORRUPT, text)
    assert isinstance(error, CorruptRecord)
    assert error.file == "/a b/0000000000001000.journal"
    assert (error.offset, error.sequence, error.next_position) == (4160, 7, 999)
    error = made(lib.AB_LOST, "something else")
    assert isinstance(error, CorruptRecord)
    assert (error.file, error.offset, error.sequence, error.next_position) == (None, -1, -1, -1)


def test_a_purged_place_carries_what_there_is() -> None:
    error = made(lib.AB_PURGED, "sequence 1 was removed; the first available is sequence 40 (position 4096)")
    assert isinstance(error, PositionPurged)
    assert (error.first_sequence, error.first_position) == (40, 4096)
