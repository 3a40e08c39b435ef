"""One line of the backend ``jsonl``: a record as `journal export` prints it, and what gives its bytes back.

    {"sequence":7,"time_ns":...,"stream":"bars","session":-5,"position":1234,"type":"Bar","message":{...},
     "stream_number":0,"stream_position":4096,"frame":"base64 of all bytes","crc":"9f8e7d6c"}

Rules of this file:

* ``frame`` is the truth: the bytes as received. ``type`` and ``message`` are for people, made by whoever knows the
  classes (``describe``); without that, and when a line would be too long, ``base64`` has all bytes, and no ``frame``.
* ``position`` is the end of this very line in the log, so a line that stands elsewhere is not valid; ``crc`` is CRC-32
  of the line before it, begun with the recording's uuid, so a line of another recording is not either.
* A *hole* is what a repair leaves: ``{"hole":[first, last],"position":...,"crc":...}`` and blanks up to the line's end.
* Pure.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from actorbus.limits import MIB
from actorbus.recording import RecordedMessage, RecordedStream

__all__ = ["LINE_MAX_BYTES", "Describe", "Hole", "encode", "encode_hole", "parse", "seed_of"]

type Describe = Callable[[RecordedStream, bytes], Mapping[str, object]]
"""From a stream's row and a record's bytes to ``type`` and ``message`` (or ``base64``); it must not raise."""

LINE_MAX_BYTES: Final = 96 * MIB
"""A record of 16 MiB is 22 MiB in base64; a longer text of its message is left out."""
_CRC: Final = b',"crc":"%08x"}'
_CRC_LENGTH: Final = len(_CRC % 0)


class Hole(msgspec.Struct, frozen=True):
    """Records that a repair could not save."""

    first: int
    last: int
    position: int


class _Line(msgspec.Struct):
    position: int
    sequence: int = -1
    time_ns: int = 0
    session: int = 0
    stream_number: int = 0
    stream_position: int = 0
    frame: str | None = None
    base64: str | None = None
    hole: tuple[int, int] | None = None


_decode: Final = msgspec.json.Decoder(_Line).decode
_encode: Final = msgspec.json.Encoder().encode


def seed_of(uuid: str) -> int:
    """Return what the checksums of a recording's lines begin with."""
    return zlib.crc32(bytes.fromhex(uuid))


def encode(record: RecordedMessage, stream: RecordedStream, seed: int, describe: Describe | None) -> bytes:
    """Return the line of a record whose ``position`` is where the line *begins*."""
    if describe is not None:
        line = _line(record, stream, seed, describe(stream, record.payload))
        if len(line) <= LINE_MAX_BYTES:
            return line
    return _line(record, stream, seed, {})


def _line(record: RecordedMessage, stream: RecordedStream, seed: int, described: Mapping[str, object]) -> bytes:
    text = base64.b64encode(record.payload).decode("ascii")
    whole = described.get("base64") == text
    head: dict[str, object] = {
        "sequence": record.sequence,
        "time_ns": record.time_ns,
        "stream": stream.name,
        "session": record.session,
    }
    rest: dict[str, object] = {
        **(described or {"type": None, "base64": text}),
        "stream_number": record.stream,
        "stream_position": record.stream_position,
        **({"frame": text} if described and not whole else {}),
    }
    return _sealed(_encode(head)[:-1] + b',"position":', b"," + _encode(rest)[1:-1], record.position, seed)


def encode_hole(first: int, last: int, begin: int, end: int, seed: int) -> bytes | None:
    """Return a line that fills the log from ``begin`` to ``end``; None when there is no room for it."""
    line = _sealed(b'{"hole":[%d,%d],"position":' % (first, last), b"", begin, seed, position=end)
    if len(line) > end - begin:
        return None
    return line[:-1] + b" " * (end - begin - len(line)) + b"\n"


def _sealed(before: bytes, behind: bytes, begin: int, seed: int, position: int | None = None) -> bytes:
    """Put the position between the two, which is where the line itself ends, and the checksum at its end."""
    if position is None:
        length = len(before) + len(behind) + _CRC_LENGTH + 1
        digits = 1
        while len(str(begin + length + digits)) > digits:
            digits += 1
        position = begin + length + digits
    line = b"%b%d%b" % (before, position, behind)
    return line + _CRC % zlib.crc32(line, seed) + b"\n"


def parse(line: bytes, seed: int, end: int) -> RecordedMessage | Hole | str:
    """Return what a line says, or why it is not one of this recording at this place.

    Args:
        line: with its newline.
        seed: of the recording.
        end: where the line ends in the log.
    """
    if not line.endswith(b"\n"):
        return "the line has no end"
    text = line.rstrip()
    body, crc = text[:-_CRC_LENGTH], text[-_CRC_LENGTH:]
    if not body or crc != _CRC % zlib.crc32(body, seed):
        return "the checksum is not that of the line"
    try:
        found = _decode(text)
        if found.position != end:
            return f"the line belongs to position {found.position}"
        if found.hole is not None:
            return Hole(found.hole[0], found.hole[1], end)
        payload = base64.b64decode(found.frame if found.frame is not None else found.base64 or "", validate=True)
    except (msgspec.MsgspecError, binascii.Error) as error:
        return str(error)
    return RecordedMessage(
        found.sequence, found.time_ns, found.stream_number, found.session, found.stream_position, end, payload
    )
