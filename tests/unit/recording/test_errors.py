"""Errors of recordings: stable codes, exit codes by whose fault it is; what they carry survives a process border."""

from __future__ import annotations

import pickle

import pytest

from actorbus.errors import RecordingError
from actorbus.recording import errors
from actorbus.recording.errors import CorruptRecord, PositionPurged

CLASSES = [cls for cls in RecordingError.__subclasses__() if cls.__module__ == errors.__name__]

# Published codes: never changed, never reused. A new class adds a line.
CODES = {
    "CorruptRecord": ("AB4001", 1), "OutOfSpace": ("AB4002", 3), "JournalLocked": ("AB4003", 3),
    "RecordingNotFound": ("AB4004", 2), "PositionPurged": ("AB4005", 2), "FormatRefused": ("AB4006", 2),
    "StorageFailed": ("AB4007", 3),
}  # fmt: skip


def test_every_class_keeps_its_published_code_and_exit_code() -> None:
    assert {cls.__name__: (cls.code, cls.exit_code) for cls in CLASSES} == CODES
    assert sorted(errors.__all__) == sorted(CODES)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_errors_cross_process_borders(cls: type[RecordingError]) -> None:
    error = cls("what", where="where", why="why", hint="hint")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert str(again) == str(error) == "what, where: why; hint"


def test_what_an_error_carries_crosses_too() -> None:
    corrupt = CorruptRecord("x", file="f", offset=7, sequence=3, next_position=64)
    again = pickle.loads(pickle.dumps(corrupt))
    assert (again.file, again.offset, again.sequence, again.next_position) == ("f", 7, 3, 64)
    purged = pickle.loads(pickle.dumps(PositionPurged("x", first_sequence=9, first_position=900)))
    assert (purged.first_sequence, purged.first_position) == (9, 900)
