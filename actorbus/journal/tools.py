"""Looks at a recording as a whole, whatever its backend: verify, repair, segments. For tools; needs no driver.

Only ``repair`` changes anything, under the writer's lock. One thread.
"""

from __future__ import annotations

from pathlib import Path

from actorbus.journal import table
from actorbus.journal.jsonl_purge import segments_of_jsonl
from actorbus.journal.jsonl_tools import repair_jsonl, verify_jsonl
from actorbus.journal.native_tools import repair_journal, segments_of_journal, verify_journal
from actorbus.journal.report import Repaired, Told, Verified
from actorbus.recording import Segment

__all__ = ["find_recordings", "repair", "segments", "verify"]


def _backend(directory: Path) -> str:
    return table.load(directory).backend


def verify(directory: Path | str, told: Told | None = None) -> Verified:
    """Read all records and check all of them; somebody may be writing meanwhile.

    Raises:
        RecordingNotFound, FormatRefused: no recording of ours.
    """
    directory = Path(directory)
    if _backend(directory) == "jsonl":
        return verify_jsonl(directory, told)
    return verify_journal(directory, told)


def repair(directory: Path | str, told: Told | None = None) -> Repaired:
    """Copy what is damaged into ``quarantine/``, then make the recording readable and writable again.

    Raises:
        JournalLocked: somebody writes to it; nothing was touched.
        RecordingNotFound, FormatRefused: no recording of ours.
        OutOfSpace: no room for the copies.
    """
    directory = Path(directory)
    if _backend(directory) == "jsonl":
        return repair_jsonl(directory, told)
    return repair_journal(directory, told)


def segments(directory: Path | str) -> list[Segment]:
    """Return the segments of a recording, oldest first."""
    directory = Path(directory)
    if _backend(directory) == "jsonl":
        return segments_of_jsonl(directory)
    return segments_of_journal(directory)


def find_recordings(folder: Path | str) -> list[Path]:
    """Return the recordings in a folder: itself, or those at most three folders deep, by name."""
    folder = Path(folder)
    if (folder / table.FILE).is_file():
        return [folder]
    patterns = (f"*/{table.FILE}", f"*/*/{table.FILE}", f"*/*/*/{table.FILE}")
    return sorted(path.parent for pattern in patterns for path in folder.glob(pattern))
