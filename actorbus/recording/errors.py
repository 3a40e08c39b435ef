"""What can be wrong with a recording; leaves of ``RecordingError``. The rules are those of actorbus/errors.py."""

from __future__ import annotations

from typing import ClassVar

from actorbus.errors import EXIT_ENVIRONMENT_WRONG, EXIT_INPUT_WRONG, RecordingError

__all__ = [
    "CorruptRecord",
    "FormatRefused",
    "JournalLocked",
    "OutOfSpace",
    "PositionPurged",
    "RecordingNotFound",
    "StorageFailed",
]


class CorruptRecord(RecordingError):
    """A record's bytes are not those written. It is never returned.

    Args:
        file: path of the file it is in.
        offset: bytes from the beginning of that file.
        sequence: the record's number, as far as the records before it tell; -1 unknown.
        next_position: where the next whole record begins, -1 unknown: ``Position(next_position)`` reads on behind it.
    """

    code: ClassVar[str] = "AB4001"

    file: str | None
    offset: int
    sequence: int
    next_position: int

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        why: str | None = None,
        hint: str | None = None,
        file: str | None = None,
        offset: int = -1,
        sequence: int = -1,
        next_position: int = -1,
    ) -> None:
        super().__init__(what, where=where, why=why, hint=hint)
        self.file = file
        self.offset = offset
        self.sequence = sequence
        self.next_position = next_position


class OutOfSpace(RecordingError):
    """The recording's file system is full or its bound is reached."""

    code: ClassVar[str] = "AB4002"
    exit_code: ClassVar[int] = EXIT_ENVIRONMENT_WRONG


class JournalLocked(RecordingError):
    """Another process, or another object of this one, writes to the recording."""

    code: ClassVar[str] = "AB4003"
    exit_code: ClassVar[int] = EXIT_ENVIRONMENT_WRONG


class RecordingNotFound(RecordingError):
    """There is no recording in that folder."""

    code: ClassVar[str] = "AB4004"
    exit_code: ClassVar[int] = EXIT_INPUT_WRONG


class PositionPurged(RecordingError):
    """Retention has removed that part of the recording; the first record there is comes with the error.

    Args:
        first_sequence: of the first record there is.
        first_position: where it begins, in bytes of the log.
    """

    code: ClassVar[str] = "AB4005"
    exit_code: ClassVar[int] = EXIT_INPUT_WRONG

    first_sequence: int
    first_position: int

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        why: str | None = None,
        hint: str | None = None,
        first_sequence: int = 0,
        first_position: int = 0,
    ) -> None:
        super().__init__(what, where=where, why=why, hint=hint)
        self.first_sequence = first_sequence
        self.first_position = first_position


class FormatRefused(RecordingError):
    """A file of a recording has another magic, version or uuid than it must have: of another program, or moved."""

    code: ClassVar[str] = "AB4006"
    exit_code: ClassVar[int] = EXIT_INPUT_WRONG


class StorageFailed(RecordingError):
    """The disk refused a write or sync. It is never tried again on that segment: open the recording anew."""

    code: ClassVar[str] = "AB4007"
    exit_code: ClassVar[int] = EXIT_ENVIRONMENT_WRONG
