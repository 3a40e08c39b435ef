"""Recordings on disk: the journal and its readable twin ``jsonl``, behind the port of actorbus/recording."""

from __future__ import annotations

from actorbus.journal.consumers import Consumer, forget, positions_of
from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recording import JsonlRecording
from actorbus.journal.marks import open_marks
from actorbus.journal.opening import open_recording
from actorbus.journal.quarantine import KeptMessage, QuarantineBook, read_quarantine, redriving
from actorbus.journal.reader import JournalReader
from actorbus.journal.recording import JournalRecording
from actorbus.journal.report import Fault, Repaired, Verified
from actorbus.journal.table import load as recording_table

__all__ = [
    "Consumer",
    "Fault",
    "JournalReader",
    "JournalRecording",
    "JsonlReader",
    "JsonlRecording",
    "KeptMessage",
    "QuarantineBook",
    "Repaired",
    "Verified",
    "forget",
    "open_marks",
    "open_recording",
    "positions_of",
    "read_quarantine",
    "recording_table",
    "redriving",
]
