"""What a recording holds: records of messages, and the table that says what its streams are. Data, no behaviour."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Cut", "Positions", "RecordedMessage", "RecordedStream", "RecordedType", "Recovery", "SyncMode"]

type SyncMode = Literal["durable", "interval", "none"]
"""``durable``: every write is followed by a sync. ``interval``: syncs now and then. ``none``: never by itself."""


class RecordedType(msgspec.Struct, frozen=True):
    """One message class of a recorded stream, as it was when the stream was recorded."""

    id: int
    """Type id, 2 to 65535."""
    version: int
    """Schema version, 1 to 65535."""
    cls: str
    """``module:Class``, what a reader imports to decode; it may not be there any more."""
    fields: tuple[tuple[str, str], ...] = ()
    """Name and type of each field in the order on the wire, for readers that cannot import the class."""


class RecordedStream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of a recording: a row of the table in ``recording.json``."""

    number: int = -1
    """What records say, 0 to 65535; -1 before the recording has given it one."""
    name: str
    """The topology's name of it."""
    channel: str = ""
    """As subscribed to."""
    stream_id: int = 0
    """Aeron's, an int32."""
    format: str = "raw"
    """What bodies are written in: msgpack, json, raw, struct."""
    framed: bool = True
    """Whether records begin with our frame header; False: bytes as another application wrote them."""
    compression: str = "none"
    """What bodies are compressed with."""
    security: str = "none"
    """What bodies are sealed with."""
    types: tuple[RecordedType, ...] = ()
    """The message classes of the stream; empty for raw bytes."""

    def same_facts(self, other: RecordedStream) -> bool:
        """Return whether this and `other` describe the same stream, apart from the number."""
        return msgspec.structs.replace(self, number=other.number) == other


class RecordedMessage(msgspec.Struct, frozen=True, gc=False):
    """One record: a whole message as it was received."""

    sequence: int
    """Its number in the recording."""
    time_ns: int
    """When it was received, nanoseconds since 1970; strictly rising in a recording."""
    stream: int
    """Number of its stream in the table."""
    session: int
    """Aeron's session id, an int32."""
    stream_position: int
    """Aeron's position in the session's stream, behind the message."""
    position: int
    """The recording's position, behind the record: ``start=Position(position)`` goes on after it."""
    payload: bytes
    """Frame as received, byte for byte."""


class Positions(msgspec.Struct, frozen=True):
    """How far a recording is. Always ``appended >= written >= durable``; only ``durable`` survives a power loss."""

    appended: int = 0
    """Given to the recorder."""
    written: int = 0
    """Given to the operating system: survives the process, and readers see it."""
    durable: int = 0
    """On the disk, as far as the disk tells the truth."""


class Recovery(msgspec.Struct, frozen=True):
    """What opening for writing found."""

    state: Literal["new", "clean", "torn"]
    """``torn``: the last write was not whole (the writer was killed, or power failed); it was cut and kept."""
    cut_bytes: int = 0
    """Cut from the end."""
    cut_file: str | None = None
    """Where they are kept, a path."""
    seconds: float = 0.0


class Cut(msgspec.Struct, frozen=True):
    """What a purge took away."""

    segments: int = 0
    records: int = 0
    bytes: int = 0
    first_sequence: int = 0
    """The first record there is afterwards."""
    kept: tuple[str, ...] = ()
    """Why older segments stay: readers, consumers; one sentence each."""
