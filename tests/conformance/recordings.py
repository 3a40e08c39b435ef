"""The backends that the conformance suite of recordings runs on: how each is opened, killed and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from actorbus.journal import open_recording
from actorbus.journal.table import Backend
from actorbus.recording import Place, RecordedMessage, RecordedStream, RecordedType, RecordingPort, SyncMode

__all__ = ["BACKENDS", "BARS", "NEWS", "Kind", "fill", "killed", "opened", "payloads", "read_all"]

BARS: Final = RecordedStream(
    name="bars",
    channel="aeron:ipc",
    stream_id=1001,
    format="msgpack",
    types=(RecordedType(12, 1, "actorbus.messages.market:Bar", (("symbol", "str"),)),),
)
NEWS: Final = RecordedStream(name="news", channel="aeron:udp?endpoint=127.0.0.1:40001", stream_id=-7, framed=False)


class Kind(NamedTuple):
    """What differs between the backends."""

    name: Backend
    segment_bytes: int
    """The smallest there is, so that a few records fill several."""
    glob: str
    """Of segment files."""
    header_bytes: int
    """In front of a segment's log."""


JSONL: Final = Kind("jsonl", 4096, "*.jsonl", 0)
JOURNAL: Final = Kind("journal", 64 * 1024, "*.journal", 4096)
BACKENDS: Final = (JSONL, JOURNAL)


def opened(
    kind: Kind, directory: Path, *, sync: SyncMode = "durable", segment_bytes: int | None = None
) -> RecordingPort:
    """Open a recording for writing."""
    return open_recording(
        directory, write=True, backend=kind.name, sync=sync, segment_bytes=segment_bytes or kind.segment_bytes
    )


def killed(recording: RecordingPort) -> None:
    """Let go of a recording as a killed process would: nothing is written any more, the lock is free."""
    abandon: Callable[[], None] = recording.abandon  # type: ignore[attr-defined]
    abandon()


def payloads(count: int, size: int = 40) -> list[bytes]:
    """Return different payloads."""
    return [(b"%08d" % number).ljust(size, b"x") for number in range(count)]


def fill(recording: RecordingPort, count: int, size: int = 40, begin_ns: int = 1_000_000_000_000) -> list[bytes]:
    """Record so many messages of one stream, a second apart, and sync; return their payloads."""
    number = recording.add_stream(BARS)
    first = recording.next_sequence
    data = payloads(first + count, size)[first:]
    for at, payload in enumerate(data, first):
        recording.append(number, payload, session=-3, stream_position=64 * at, time_ns=begin_ns + at * 1_000_000_000)
    recording.sync()
    return data


def read_all(directory: Path, start: Place | None = None) -> list[RecordedMessage]:
    """Return the records from a place to the end of now."""
    with open_recording(directory, start=start) as reader:
        return list(reader)


def segment_of(kind: Kind, directory: Path, position: int) -> tuple[Path, int]:
    """Return the segment file that holds a position of the log, and the offset in it."""
    bases = sorted((int(path.name[:16], 16), path) for path in directory.glob(kind.glob))
    base, path = [(base, path) for base, path in bases if base <= position][-1]
    return path, kind.header_bytes + position - base


def flip(kind: Kind, directory: Path, position: int) -> tuple[Path, int]:
    """Change one bit of the byte at a position of the log; return file and offset."""
    path, offset = segment_of(kind, directory, position)
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    return path, offset
