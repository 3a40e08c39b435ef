"""The 32 bytes in front of every message, in Python: for tools, tests and readers without native code.

Rules of this file:

* The message path never comes here: native/ab_frame writes and reads the same bytes. The two are compared by
  tests/unit/codec/test_frame.py, with the worked example of docs/wire-format.md, which is the law for both.
* Pure: no state, any thread. ``unpack`` refuses everything that breaks an invariant of the page and says which.

        0       1       2       3       4       5       6       7
     0 |version|format | flags         | type          | schema version|
     8 | publisher                     | count         | header length |
    16 | sequence (of the first message)                               |
    24 | publish time, realtime ns                                     |
    32 | extensions up to header length, lengths if count > 1, bodies  |
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from typing import Final

import msgspec

from actorbus.errors import FrameCorrupt, UsageError
from actorbus.limits import FRAME_COUNT_MAX, FRAME_HEADER_BYTES, FRAME_HEADER_MAX_BYTES, INT64_MAX, INT64_MIN

__all__ = ["FRAME_VERSION", "ControlKind", "FormatId", "Frame", "control", "pack", "unpack"]

FRAME_VERSION: Final = 1
TYPE_CONTROL: Final = 0
_HEADER: Final = struct.Struct("<BBHHHIHHQq")
_LENGTH: Final = struct.Struct("<I")
_CONTROL_MASK: Final = 0xFF  # the low byte of flags says which; the high byte is free for later

assert _HEADER.size == FRAME_HEADER_BYTES


class FormatId(enum.IntEnum):
    """What the bodies are written in."""

    RAW = 0
    MSGPACK = 1
    JSON = 2
    PROTOBUF = 3
    STRUCT = 4


class ControlKind(enum.IntEnum):
    """Frames of ours, type 0, without a body. ``sequence`` is the next one: the one after the last published."""

    HELLO = 1
    """First on every session: who publishes, and from which sequence on."""
    BEAT = 2
    """When idle: lost messages at the tail are noticed."""
    BYE = 3
    """Last: the publisher closed, nothing follows."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame taken apart. ``bodies`` is empty for a control frame, and has ``count`` entries otherwise."""

    format: int
    type_id: int
    publisher: int
    sequence: int
    bodies: tuple[bytes, ...] = ()
    schema_version: int = 0
    publish_time_ns: int = 0
    flags: int = 0
    extensions: bytes = b""

    @property
    def control(self) -> ControlKind | None:
        """Which control frame this is; None for messages."""
        return ControlKind(self.flags & _CONTROL_MASK) if self.type_id == TYPE_CONTROL else None

    @property
    def sequences(self) -> range:
        """The sequence of each body."""
        return range(self.sequence, self.sequence + len(self.bodies))


def control(kind: ControlKind, *, publisher: int, sequence: int, publish_time_ns: int = 0) -> bytes:
    """Return the bytes of a Hello, Beat or Bye. ``sequence`` is the publisher's next."""
    return pack(
        Frame(
            format=FormatId.RAW,
            type_id=TYPE_CONTROL,
            publisher=publisher,
            sequence=sequence,
            publish_time_ns=publish_time_ns,
            flags=kind,
        )
    )


def pack(frame: Frame) -> bytes:
    """Return the bytes of a frame.

    Raises:
        UsageError: the frame breaks an invariant of the wire format; says which, with the value.
    """
    header_length = FRAME_HEADER_BYTES + len(frame.extensions)
    complaint = _complaint(
        format_id=frame.format,
        type_id=frame.type_id,
        publisher=frame.publisher,
        count=len(frame.bodies),
        header_length=header_length,
        flags=frame.flags,
    )
    if complaint:
        raise UsageError(f"no such frame: {complaint}")
    if not INT64_MIN <= frame.publish_time_ns <= INT64_MAX:
        raise UsageError(f"publish time {frame.publish_time_ns} is no int64")
    try:
        header = _HEADER.pack(
            FRAME_VERSION,
            frame.format,
            frame.flags,
            frame.type_id,
            frame.schema_version,
            frame.publisher,
            len(frame.bodies),
            header_length,
            frame.sequence,
            frame.publish_time_ns,
        )
    except struct.error as error:
        raise UsageError(f"no such frame: {error}") from None
    lengths = [_LENGTH.pack(len(body)) for body in frame.bodies] if len(frame.bodies) > 1 else []
    return b"".join((header, frame.extensions, *lengths, *frame.bodies))


def unpack(data: bytes | bytearray | memoryview) -> Frame:
    """Return the frame that these bytes are, all of them.

    Raises:
        FrameCorrupt: names the invariant that is broken, and the value.
    """
    view = memoryview(data).cast("B") if isinstance(data, memoryview) else memoryview(data)
    if len(view) < FRAME_HEADER_BYTES:
        raise FrameCorrupt(f"frame of {len(view)} bytes", why=f"a header has {FRAME_HEADER_BYTES}")
    version, format_id, flags, type_id, schema_version, publisher, count, header_length, sequence, time_ns = (
        _HEADER.unpack_from(view)
    )
    if version != FRAME_VERSION:
        raise FrameCorrupt(f"frame version {version}", why=f"this reader knows {FRAME_VERSION}")
    complaint = _complaint(
        format_id=format_id,
        type_id=type_id,
        publisher=publisher,
        count=count,
        header_length=header_length,
        flags=flags,
    )
    if complaint:
        raise FrameCorrupt(complaint)
    if header_length > len(view):
        raise FrameCorrupt(f"header length {header_length} is beyond the frame of {len(view)} bytes")
    return Frame(
        format=format_id,
        type_id=type_id,
        publisher=publisher,
        sequence=sequence,
        bodies=_split(view[header_length:], count),
        schema_version=schema_version,
        publish_time_ns=time_ns,
        flags=flags,
        extensions=bytes(view[FRAME_HEADER_BYTES:header_length]),
    )


def _complaint(
    *, format_id: int, type_id: int, publisher: int, count: int, header_length: int, flags: int
) -> str | None:
    """Return which invariant of the header is broken, with the value; the page lists them in this order."""
    if format_id not in list(FormatId):
        return f"format {format_id} is not one of 0 to {max(FormatId)}"
    if publisher == 0:
        return "publisher is 0"
    if header_length % 8 or not FRAME_HEADER_BYTES <= header_length <= FRAME_HEADER_MAX_BYTES:
        return (
            f"header length {header_length} is no multiple of 8 from {FRAME_HEADER_BYTES} to {FRAME_HEADER_MAX_BYTES}"
        )
    if type_id == TYPE_CONTROL and (count or format_id != FormatId.RAW):
        return f"a control frame with count {count} and format {format_id}: both are 0"
    if type_id != TYPE_CONTROL and not 1 <= count <= FRAME_COUNT_MAX:
        return f"count {count} in a frame of messages"
    if type_id == TYPE_CONTROL and flags & _CONTROL_MASK not in list(ControlKind):
        return f"control frame of kind {flags & _CONTROL_MASK}: known are {[int(kind) for kind in ControlKind]}"
    return None


def _split(rest: memoryview, count: int) -> tuple[bytes, ...]:
    if count == 0:
        if len(rest):
            raise FrameCorrupt(f"{len(rest)} bytes behind a control frame")
        return ()
    if count == 1:
        return (bytes(rest),)
    table = count * _LENGTH.size
    if table > len(rest):
        raise FrameCorrupt(f"{count} body lengths do not fit into {len(rest)} bytes")
    lengths: Sequence[int] = struct.unpack_from(f"<{count}I", rest)
    if table + sum(lengths) != len(rest):
        raise FrameCorrupt(f"body lengths add up to {sum(lengths)}", why=f"{len(rest) - table} bytes follow them")
    bodies: list[bytes] = []
    start = table
    for length in lengths:
        bodies.append(bytes(rest[start : start + length]))
        start += length
    return tuple(bodies)
