"""One way into a recording, whatever its backend: ``open_recording(directory)`` to read, ``write=True`` to record.

Rules of this file:

* A recording keeps its backend: recording.json says which, and another is refused (FormatRefused).
* Reading makes nothing, locks nothing and needs no driver; writing makes the folder and takes the lock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, overload

from actorbus.journal import table
from actorbus.journal.jsonl_format import Describe
from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recording import JsonlRecording
from actorbus.journal.reader import JournalReader
from actorbus.journal.recording import JournalRecording
from actorbus.journal.table import Backend
from actorbus.limits import MIB
from actorbus.recording import FormatRefused, Place, RecordingPort, RecordingReader, SyncMode

__all__ = ["open_recording"]


@overload
def open_recording(
    directory: Path | str,
    *,
    write: Literal[True],
    backend: Backend | None = None,
    sync: SyncMode = "durable",
    interval_ns: int = 100_000_000,
    segment_bytes: int = 128 * MIB,
    describe: Describe | None = None,
) -> RecordingPort: ...


@overload
def open_recording(
    directory: Path | str, *, write: Literal[False] = False, start: Place | None = None
) -> RecordingReader: ...


def open_recording(
    directory: Path | str,
    *,
    write: bool = False,
    backend: Backend | None = None,
    start: Place | None = None,
    sync: SyncMode = "durable",
    interval_ns: int = 100_000_000,
    segment_bytes: int = 128 * MIB,
    describe: Describe | None = None,
) -> RecordingPort | RecordingReader:
    """Return an opened recording: to read it, or (`write`) to record into it. Any thread, each object by one at a time.

    Args:
        directory: the recording's folder.
        write: to record into it (it is made when it is not there), not to read it.
        backend: of a new recording, ``journal`` unless said otherwise; an old one keeps its own.
        start: where a reader begins; None: the first record there is.
        sync: when what was written is synced: ``durable`` with every write, ``interval``, or ``none``.
        interval_ns: nanoseconds between two syncs in mode ``interval``.
        segment_bytes: length of a segment file in bytes; for the journal a power of two from 64 KiB to 1 GiB.
        describe: for ``jsonl``: makes the readable part of its lines.

    Raises:
        RecordingNotFound: nothing there to read.
        JournalLocked: somebody else writes to it.
        FormatRefused: another version or backend, or a foreign file.
        CorruptRecord: to write: durable records are damaged.
        PositionPurged, InvalidValue: to read: as ``seek``.
    """
    directory = Path(directory)
    found = table.load_if_there(directory)
    if not write:
        found = found or table.load(directory)
        return JsonlReader(directory, start) if found.backend == "jsonl" else JournalReader(directory, start)
    backend = backend or (found.backend if found is not None else "journal")
    if found is not None and found.backend != backend:
        why = f"it holds a recording of backend {found.backend}"
        raise FormatRefused(f"{directory} cannot hold backend {backend}", why=why, hint="use another folder")
    if backend == "jsonl":
        return JsonlRecording(
            directory, sync=sync, interval_ns=interval_ns, segment_bytes=segment_bytes, describe=describe
        )
    return JournalRecording(directory, sync=sync, interval_ns=interval_ns, segment_bytes=segment_bytes)
