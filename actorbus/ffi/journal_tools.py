"""The border to native/ab_journal, the tools: verify, repair, rebuild the index. The GIL is released while they work.

Progress is three int64 of the caller: bytes done, bytes in all, and not 0 to stop. Any thread may look and stop.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from actorbus.ffi.failure import new_error
from actorbus.ffi.journal_failure import journal_failure
from actorbus.ffi.native import ffi, lib

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import CData, ab_journal_problem

__all__ = [
    "JournalProblem",
    "JournalRepaired",
    "JournalReport",
    "journal_index_rebuild",
    "journal_repair",
    "journal_verify",
]

_PROBLEMS_MAX: Final = 1000


class JournalProblem(NamedTuple):
    """One fault that verify found."""

    file: str
    offset: int
    sequence: int
    text: str
    is_hole: bool


class JournalReport(NamedTuple):
    """What verify read and found. ``problem_count`` counts all, ``problems`` holds the first."""

    segments: int
    records: int
    bytes: int
    first_sequence: int
    next_sequence: int
    position: int
    tail_bytes: int
    tail_records: int
    uuid: bytes
    problem_count: int
    lost: int
    elapsed_ns: int
    problems: tuple[JournalProblem, ...]


class JournalRepaired(NamedTuple):
    """What repair did."""

    cuts: int
    holes: int
    lost: int
    copied_bytes: int
    next_sequence: int
    headers: int


def _progress(memory: memoryview | None) -> CData:
    """Return the native progress block over three int64 of the caller: done, total, stop."""
    return ffi.NULL if memory is None else ffi.cast("ab_journal_progress *", ffi.from_buffer(memory))


def journal_verify(directory: Path | str, *, progress: memoryview | None = None) -> JournalReport:
    """Read and check everything; the writer may be at work. ``progress``: three writable int64: done, total, stop.

    Raises:
        RecordingNotFound, StorageFailed; RecordingError when it was stopped.
    """
    report, error = ffi.new("ab_journal_report *"), new_error()
    problems = ffi.new("ab_journal_problem[]", _PROBLEMS_MAX)
    path = os.fsencode(directory)
    result = lib.ab_journal_port_verify_wait(path, report, problems, _PROBLEMS_MAX, _progress(progress), error)
    if result != lib.AB_OK:
        raise journal_failure(result, error, None)
    return JournalReport(
        segments=report.segments,
        records=report.records,
        bytes=report.bytes,
        first_sequence=report.first_sequence,
        next_sequence=report.next_sequence,
        position=report.position,
        tail_bytes=report.tail_bytes,
        tail_records=report.tail_records,
        uuid=bytes(ffi.unpack(report.uuid, 16)),
        problem_count=report.problems,
        lost=report.lost,
        elapsed_ns=report.elapsed_ns,
        problems=tuple(_problem(problems, i) for i in range(min(report.problems, _PROBLEMS_MAX))),
    )


def _problem(problems: CData, i: int) -> JournalProblem:
    one = cast("ab_journal_problem", cast("object", problems[i]))
    text = ffi.string(one.text).decode(errors="replace")
    return JournalProblem(ffi.string(one.file).decode(), one.offset, one.sequence, text, one.code == lib.AB_LOST)


def journal_repair(directory: Path | str, *, now_ns: int, progress: memoryview | None = None) -> JournalRepaired:
    """Copy corrupt regions to ``quarantine/`` and make them holes; make lost headers and segments anew.

    Raises:
        JournalLocked, RecordingNotFound, OutOfSpace, StorageFailed; CorruptRecord for what cannot be repaired.
    """
    repaired, error = ffi.new("ab_journal_repaired *"), new_error()
    result = lib.ab_journal_port_repair_wait(os.fsencode(directory), now_ns, repaired, _progress(progress), error)
    if result != lib.AB_OK:
        raise journal_failure(result, error, None)
    return JournalRepaired(*(int(getattr(repaired, name)) for name in JournalRepaired._fields))


def journal_index_rebuild(directory: Path | str, *, progress: memoryview | None = None) -> int:
    """Write all indexes anew; return how many entries. Raises as ``journal_repair``."""
    error = new_error()
    entries = lib.ab_journal_port_index_rebuild_wait(os.fsencode(directory), _progress(progress), error)
    if entries < 0:
        raise journal_failure(entries, error, None)
    return entries
