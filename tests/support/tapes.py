"""Recordings for tests of tools: quotes in our frames, made without a driver."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

import actorbus as ab
from actorbus.codec import FormatId, Frame, pack
from actorbus.journal import open_recording
from actorbus.journal.table import Backend
from actorbus.message import type_id_of
from actorbus.recording import RecordedStream, RecordedType

__all__ = ["BEGIN_NS", "QUOTES", "damage", "frame_of", "quote", "record_quotes"]

BEGIN_NS: Final = 1_772_443_800_000_000_000
"""2026-03-02T09:30:00Z; a record a second."""
QUOTES: Final = RecordedStream(
    name="quotes",
    channel="aeron:ipc",
    stream_id=1,
    format="msgpack",
    types=(RecordedType(type_id_of(ab.Quote), 1, "actorbus:Quote", (("symbol", "str"), ("bid", "Price"))),),
)
RAW: Final = RecordedStream(name="foreign", stream_id=2, framed=False)


def quote(number: int) -> ab.Quote:
    """Return a quote that nobody else is."""
    return ab.Quote("AB"[number % 2], bid=ab.price(number), ask=ab.price(number + 1))


def frame_of(number: int) -> bytes:
    """Return its frame."""
    body = msgspec.msgpack.encode(quote(number))
    return pack(
        Frame(format=FormatId.MSGPACK, type_id=type_id_of(ab.Quote), publisher=7, sequence=number, bodies=(body,))
    )


def record_quotes(folder: Path, count: int = 100, backend: Backend = "jsonl", *, foreign: int = 0) -> Path:
    """Record quotes, and behind them some foreign bytes; return the folder."""
    with open_recording(folder, write=True, backend=backend, segment_bytes=64 * 1024) as recording:
        number = recording.add_stream(QUOTES)
        for at in range(count):
            recording.append(
                number, frame_of(at), session=5, stream_position=64 * at, time_ns=BEGIN_NS + at * 1_000_000_000
            )
        raw = recording.add_stream(RAW) if foreign else 0
        for at in range(count, count + foreign):
            recording.append(raw, b"\0raw", time_ns=BEGIN_NS + at * 1_000_000_000)
    return folder


def damage(folder: Path, sequence: int) -> Path:
    """Change a bit inside one record; return its file."""
    with open_recording(folder) as reader:
        position = next(record.position for record in reader if record.sequence == sequence)
    files = [*folder.glob("*.jsonl"), *folder.glob("*.journal")]
    base, path = max((int(path.name[:16], 16), path) for path in files if int(path.name[:16], 16) < position)
    offset = position - base - 30 + (4096 if path.suffix == ".journal" else 0)
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    return path
