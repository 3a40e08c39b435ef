"""recording.json: what a recording is and which streams its records belong to.

    {
      "actorbus_recording": 1, "backend": "journal", "uuid": "...", "created": "2026-03-02T09:30:00Z",
      "streams": [{"number": 0, "name": "bars", "channel": "aeron:ipc", "stream_id": 1001, "format": "msgpack", ...}],
      "crc32c": "0a1b2c3d"
    }

Rules of this file:

* A stream's row is on the disk before its first record, and is never changed: other facts are another row.
* The checksum is CRC-32C over the file with eight zeros in its place: an editor's change is noticed.
* Text, so that a recording can be understood without us; fields are only ever added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from actorbus.errors import UsageError
from actorbus.journal.crc import crc32c
from actorbus.journal.files import disk, replace
from actorbus.recording import FormatRefused, RecordedStream, RecordingNotFound
from actorbus.recording.place import time_text

__all__ = ["FILE", "VERSION", "RecordingTable", "begin", "load", "load_if_there", "load_to_write", "store"]

FILE: Final = "recording.json"
VERSION: Final = 1
STREAMS_MAX: Final = 65_536
_CRC: Final = re.compile(rb'"crc32c": "([0-9a-f]{8})"\s*\}\s*\Z')
_SIZE_MAX: Final = 64 * 1024 * 1024

type Backend = Literal["journal", "jsonl"]


class RecordingTable(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of recording.json, without its checksum."""

    actorbus_recording: int = VERSION
    backend: Backend
    uuid: str
    """32 hex digits."""
    created: str = ""
    """ISO 8601, UTC."""
    streams: tuple[RecordedStream, ...] = ()

    @property
    def by_number(self) -> Mapping[int, RecordedStream]:
        """Rows by number; read-only."""
        return MappingProxyType({stream.number: stream for stream in self.streams})

    def with_stream(self, stream: RecordedStream) -> tuple[RecordingTable, int]:
        """Return the table with this stream, and its number; the same table when it has the row already."""
        for known in self.streams:
            if known.same_facts(stream):
                return self, known.number
        number = max((known.number for known in self.streams), default=-1) + 1
        if number >= STREAMS_MAX:
            raise UsageError(f"{STREAMS_MAX} streams in one recording", hint="record into several folders")
        numbered = msgspec.structs.replace(stream, number=number)
        return msgspec.structs.replace(self, streams=(*self.streams, numbered)), number


def store(directory: Path, table: RecordingTable) -> None:
    """Write the table durably. Raises OutOfSpace, PermissionRefused, StorageFailed; the old one is whole then."""
    plain = msgspec.to_builtins(table)
    text = msgspec.json.format(msgspec.json.encode({**plain, "crc32c": "0" * 8}), indent=2) + b"\n"
    found = _CRC.search(text)
    assert found is not None
    crc = f"{crc32c(text):08x}".encode()
    replace(directory / FILE, text[: found.start(1)] + crc + text[found.end(1) :])


def load_if_there(directory: Path) -> RecordingTable | None:
    """Return the table of a recording, None when the folder has none. Raises as ``load``, but RecordingNotFound."""
    path = directory / FILE
    with disk(f"read {path}"):
        try:
            with path.open("rb") as file:
                text = file.read(_SIZE_MAX + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
    return _parse(path, text)


def load(directory: Path) -> RecordingTable:
    """Return the table of a recording.

    Raises:
        RecordingNotFound: no such folder, or no recording in it.
        FormatRefused: not our file, another version, or its bytes are not those written.
    """
    table = load_if_there(directory)
    if table is None:
        why = f"there is no {FILE} in it" if directory.is_dir() else "there is no such folder"
        raise RecordingNotFound(f"no recording in {directory}", why=why, hint="look at the path")
    return table


def load_to_write(directory: Path, backend: Backend) -> RecordingTable | None:
    """Return the table of a recording to go on with, None when the folder has none.

    Raises:
        FormatRefused: of another backend; or as ``load``.
    """
    found = load_if_there(directory)
    if found is not None and found.backend != backend:
        why = f"it holds a recording of backend {found.backend}"
        raise FormatRefused(f"{directory} is not ours", why=why, hint="take that backend, or another folder")
    return found


def begin(directory: Path, backend: Backend, uuid: str, time_ns: int, *, has_records: bool) -> RecordingTable:
    """Write and return the table of a new recording.

    Args:
        directory: the recording's folder.
        backend: what writes it.
        uuid: its id, 32 hex digits.
        time_ns: now, nanoseconds since 1970; kept in whole seconds.
        has_records: there are records in the folder already.

    Raises:
        FormatRefused: records without a table. Or as ``store``.
    """
    if has_records:
        raise FormatRefused(f"{directory} has records, but no {FILE}", hint="bring it back")
    created = time_text(time_ns // 1_000_000_000 * 1_000_000_000)
    made = RecordingTable(backend=backend, uuid=uuid, created=created)
    store(directory, made)
    return made


def _parse(path: Path, text: bytes) -> RecordingTable:
    version = _version(text)
    if version is not None and version != VERSION:
        raise FormatRefused(
            f"{path} has version {version}", why=f"this actorbus reads {VERSION}", hint="read it with a newer actorbus"
        )
    found = _CRC.search(text)
    if version is None or found is None:
        raise FormatRefused(f"{path} is not a table of a recording", hint="take the foreign file out of the folder")
    if f"{crc32c(text[: found.start(1)] + b'0' * 8 + text[found.end(1) :]):08x}".encode() != found[1]:
        raise FormatRefused(
            f"{path} was changed", why="its checksum is not that of its text", hint="bring back the file as it was"
        )
    try:
        table = msgspec.json.decode(text, type=RecordingTable)
    except msgspec.MsgspecError as error:
        raise FormatRefused(f"{path} is not a table of a recording", why=str(error)) from error
    return table


def _version(text: bytes) -> int | None:
    class Head(msgspec.Struct):
        actorbus_recording: int

    try:
        return msgspec.json.decode(text, type=Head).actorbus_recording
    except msgspec.MsgspecError:
        return None
