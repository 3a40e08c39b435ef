"""A journal as a killed writer leaves it, and the disk's own figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.bench import crashed
from actorbus.errors import BrokenError
from actorbus.ffi.journal import JournalHandle
from actorbus.journal.native_tools import verify_journal


def test_a_killed_writer_leaves_a_journal_whose_last_segment_must_be_read(tmp_path: Path) -> None:
    crashed.build(tmp_path / "j", 2 * crashed.SEGMENT)
    journal = JournalHandle.open(tmp_path / "j")
    opened = journal.opened
    journal.abandon()

    assert not opened.clean
    assert opened.segments == 2
    assert opened.scanned_bytes > crashed.SEGMENT * 0.9
    assert opened.next_sequence > crashed.SEGMENT // (crashed.SMALL + 64)


def test_a_writer_that_cannot_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BrokenError) as raised:
        crashed.build(tmp_path / "file" / "j", crashed.SEGMENT)
    assert "Not a directory" in (raised.value.why or "")


def test_the_disk_tells_its_own_figures(tmp_path: Path) -> None:
    journal = crashed.fill(tmp_path / "j", crashed.SEGMENT, small_only=True)
    journal.close()
    found = verify_journal(tmp_path / "j")

    assert found.faults == ()
    assert found.records > crashed.SEGMENT // (crashed.SMALL + 64)
    assert all(ms > 0 for ms in crashed.fdatasync_ms(tmp_path, times=3))
    assert (crashed.direct_mb_s(tmp_path / "j") or 1.0) > 0
    assert crashed.direct_mb_s(tmp_path) is None


def test_what_is_forgotten_is_still_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10_000)

    crashed.forget(tmp_path)

    assert (tmp_path / "a").read_bytes() == b"x" * 10_000
