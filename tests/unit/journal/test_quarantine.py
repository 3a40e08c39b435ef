"""Addresses of quarantined messages: one entry each, whole after a kill, one redrive at a time, bounded."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.journal import quarantine
from actorbus.journal.quarantine import FILE, KeptMessage, QuarantineBook, read_quarantine, redriving
from actorbus.recording import JournalLocked

RECORD = (5, 4096, 2, 7, 99, 1, 1_000, 50, 1)


def keep(folder: Path, handler: str = "risk", error: str = "ValueError: x", record: tuple[int, ...] = RECORD) -> None:
    book = QuarantineBook({"orders": folder})
    book.keep(handler, "orders", record, None, error)
    book.keep(handler, "not recorded", record, None, error)
    book.close()
    book.close()
    assert not book.lost


def test_an_address_is_one_entry_however_often_it_failed(tmp_path: Path) -> None:
    assert read_quarantine(tmp_path) == ([], 0)
    keep(tmp_path)
    keep(tmp_path, error="KeyError: 'y'")
    keep(tmp_path, handler="audit")
    entries, unread = read_quarantine(tmp_path)
    assert not unread
    assert [(one.handler, one.error, one.is_done) for one in entries] == [
        ("risk", "KeyError: 'y'", False),
        ("audit", "ValueError: x", False),
    ]
    assert entries[0].key == ("risk", "orders", 5, 4096, 2)
    assert (entries[0].sequence, entries[0].type_id, entries[0].received_ns) == (7, 50, 1_000)


def test_what_was_redriven_stays_done(tmp_path: Path) -> None:
    keep(tmp_path)
    (entry,) = read_quarantine(tmp_path)[0]
    with redriving(tmp_path) as marks:
        after = marks.tried(entry, "TypeError: z", 10)
        assert (after.tries, after.error, after.is_done) == (1, "TypeError: z", False)
        done = marks.tried(after, None, 11)
        assert done.is_done
    keep(tmp_path, error="again in another run")
    (entry,) = read_quarantine(tmp_path)[0]
    assert (entry.is_done, entry.tries, entry.redriven_ns) == (True, 2, 11)


def test_one_redrive_at_a_time(tmp_path: Path) -> None:
    with redriving(tmp_path), pytest.raises(JournalLocked, match="being redriven"), redriving(tmp_path):
        pass


def test_a_torn_line_is_counted_and_the_next_is_its_own(tmp_path: Path) -> None:
    keep(tmp_path)
    path = tmp_path / "quarantine" / FILE
    with path.open("ab") as file:
        file.write(b'{"handler":"ri')
    keep(tmp_path, handler="audit")
    entries, unread = read_quarantine(tmp_path)
    assert (len(entries), unread) == (2, 1)


def test_a_kill_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys; from actorbus.journal import QuarantineBook\n"
        "book = QuarantineBook({'s': pathlib.Path(sys.argv[1])})\n"
        "for n in range(500): book.keep('h', 's', (1, 64 * n, 0, n, 1, 0, n, 50, 1), None, 'x')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    entries, unread = read_quarantine(tmp_path)
    assert ([one.sequence for one in entries], unread) == (list(range(500)), 0)


def test_the_file_has_a_bound_and_what_is_beyond_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "QUARANTINE_FILE_BYTES_MAX", 200)
    book = QuarantineBook({"s": tmp_path})
    for number in range(10):
        book.keep("h", "s", (1, number, 0, number, 1, 0, 1, 50, 1), None, "x" * 5_000)
    assert book.lost == 9
    book.close()
    (entry,) = read_quarantine(tmp_path)[0]
    assert entry.error == "x" * 1_000


def test_a_folder_that_is_not_there_is_counted_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    book = QuarantineBook({"s": tmp_path / "no" / "where"})
    for number in range(3):
        book.keep("h", "s", (1, number, 0, number, 1, 0, 1, 50, 1), None, "x")
    assert book.lost == 3
    assert len([one for one in caplog.records if "are not kept" in one.message]) == 1
    book.close()


def test_an_entry_is_its_line() -> None:
    entry = KeptMessage(handler="h", stream="s", session=1, position=2)
    assert not entry.is_done
    assert entry.tries == 0
