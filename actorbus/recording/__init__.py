"""Words of recordings: places, speeds, records, the port. No I/O; the backends are in actorbus/journal."""

from __future__ import annotations

from actorbus.recording.errors import (
    CorruptRecord,
    FormatRefused,
    JournalLocked,
    OutOfSpace,
    PositionPurged,
    RecordingNotFound,
    StorageFailed,
)
from actorbus.recording.pace import parse_speed
from actorbus.recording.place import (
    EARLIEST,
    LIVE,
    NOW,
    Place,
    Position,
    Sequence,
    parse_end,
    parse_place,
    parse_start,
)
from actorbus.recording.port import RecordingPort, RecordingReader
from actorbus.recording.records import (
    Cut,
    Positions,
    RecordedMessage,
    RecordedStream,
    RecordedType,
    Recovery,
    SyncMode,
)
from actorbus.recording.retention import Retention, Segment, removable

__all__ = [
    "EARLIEST",
    "LIVE",
    "NOW",
    "CorruptRecord",
    "Cut",
    "FormatRefused",
    "JournalLocked",
    "OutOfSpace",
    "Place",
    "Position",
    "PositionPurged",
    "Positions",
    "RecordedMessage",
    "RecordedStream",
    "RecordedType",
    "RecordingNotFound",
    "RecordingPort",
    "RecordingReader",
    "Recovery",
    "Retention",
    "Segment",
    "Sequence",
    "StorageFailed",
    "SyncMode",
    "parse_end",
    "parse_place",
    "parse_speed",
    "parse_start",
    "removable",
]
