"""A consumer's position: one owner, never torn, and of one recording."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, InvalidValue
from actorbus.journal import open_recording
from actorbus.journal.consumers import FOLDER, SIZE_BYTES, Consumer, forget, hold_back, positions_of
from actorbus.recording import FormatRefused, JournalLocked

UUID = "ab" * 16


def test_a_position_is_kept(tmp_path: Path) -> None:
    with Consumer(tmp_path, UUID, "audit") as consumer:
        assert consumer.is_new
        assert consumer.position == 0
        consumer.store(2**40 + 5)
        assert consumer.position == 2**40 + 5
    with Consumer(tmp_path, UUID, "audit") as again:
        assert not again.is_new
        assert again.position == 2**40 + 5
    Consumer(tmp_path, UUID, "other").close()
    assert positions_of(tmp_path, UUID) == {"audit": 2**40 + 5}
    assert positions_of(tmp_path / "nowhere", UUID) == {}


def test_it_is_new_until_its_first_store(tmp_path: Path) -> None:
    for _ in range(2):  # a start that failed says nothing of where to begin
        with Consumer(tmp_path, UUID, "audit") as consumer:
            assert consumer.is_new
    with Consumer(tmp_path, UUID, "audit") as consumer:
        consumer.store(0)
        assert not consumer.is_new
    with Consumer(tmp_path, UUID, "audit") as consumer:
        assert not consumer.is_new
    assert positions_of(tmp_path, UUID) == {"audit": 0}


def test_who_is_behind_the_end_is_taken_back_when_the_recording_is_opened_to_write(tmp_path: Path) -> None:
    with open_recording(tmp_path, write=True, sync="none") as recording:
        uuid = recording.uuid
    for name, position in (("ahead", 10_000), ("there", 0), ("used", 20_000)):
        with Consumer(tmp_path, uuid, name) as consumer:
            consumer.store(position)
    (tmp_path / FOLDER / "strange").write_bytes(b"?")
    with Consumer(tmp_path, uuid, "used") as consumer:
        assert hold_back(tmp_path, uuid, 9_000) == {"ahead": 10_000}
        assert consumer.position == 20_000
    (tmp_path / FOLDER / "strange").unlink()
    with open_recording(tmp_path, write=True, sync="none") as recording:
        end = recording.positions.appended
        assert positions_of(tmp_path, uuid) == {"ahead": end, "there": 0, "used": end}


def test_a_consumer_that_is_forgotten_is_new_again(tmp_path: Path) -> None:
    with Consumer(tmp_path, UUID, "audit") as consumer:
        consumer.store(5)
        with pytest.raises(JournalLocked):
            forget(tmp_path, UUID, "audit")
    assert forget(tmp_path, UUID, "audit") == 5
    assert positions_of(tmp_path, UUID) == {}
    Consumer(tmp_path, UUID, "new").close()
    assert forget(tmp_path, UUID, "new") is None
    for name in ("audit", "../x"):
        with pytest.raises(InvalidValue, match="has no consumer"):
            forget(tmp_path, UUID, name)


def test_a_kill_leaves_the_last_position(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from actorbus.journal import Consumer\n"
        f"c = Consumer(sys.argv[1], '{UUID}', 'audit')\n"
        "for n in range(100_000): c.store(n)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert positions_of(tmp_path, UUID) == {"audit": 99_999}


def test_two_owners_are_one_too_many(tmp_path: Path) -> None:
    with Consumer(tmp_path, UUID, "audit"):
        with pytest.raises(JournalLocked, match="audit is in use"):
            Consumer(tmp_path, UUID, "audit")
        Consumer(tmp_path, UUID, "another").close()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "-x", "x" * 101, "a b", "\0"])
def test_names_that_are_none_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValue, match="not a consumer's name"):
        Consumer(tmp_path, UUID, name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: b"", None),
        (lambda data: data[:20], "not a consumer's position"),
        (lambda data: b"x" + data[1:], "not a consumer's position"),
        (lambda data: data[:8] + b"\2" + data[9:], "has version 2"),
        (lambda data: data[:23] + b"\x80" + data[24:], "has position -"),
        (lambda data: data[:24] + b"\0" * 40, "belongs to recording 000000"),
    ],
)
def test_files_that_are_not_its_own_are_refused(tmp_path: Path, change: object, says: str | None) -> None:
    Consumer(tmp_path, UUID, "audit").close()
    path = tmp_path / FOLDER / "audit"
    assert path.stat().st_size == SIZE_BYTES
    path.write_bytes(change(path.read_bytes()))
    if says is None:
        with Consumer(tmp_path, UUID, "audit") as consumer:
            assert consumer.is_new
        return
    for use in (lambda: Consumer(tmp_path, UUID, "audit"), lambda: positions_of(tmp_path, UUID)):
        with pytest.raises(FormatRefused, match=says):
            use()


def test_what_is_closed_says_so(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path, UUID, "audit")
    consumer.close()
    consumer.close()
    with pytest.raises(ClosedError):
        consumer.store(1)
    with pytest.raises(InvalidValue), Consumer(tmp_path, UUID, "audit") as again:
        again.store(-1)
