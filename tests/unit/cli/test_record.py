"""`actorbus record`: a raw stream byte for byte, until idle, for a time, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.journal import open_recording
from actorbus.transport import Client, EmbeddedDriver
from tests.support.aeron import IPC, SETTINGS, send

BODIES = [b"message %d " % number * (number % 40) for number in range(1, 1000)]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with EmbeddedDriver(tmp_path / "driver", SETTINGS) as driver, Client.connect(driver.directory) as connected:
        yield connected


def record(tape: Path, client: Client, *words: str) -> int:
    place = ["--channel", IPC, "--stream-id", "7", "--directory", str(client.directory)]
    return _main(["record", str(tape), *place, *words])


def record_bodies(tape: Path, client: Client, bodies: list[bytes]) -> None:
    publication = client.add_publication(IPC, 7, frame=False, format=0, publisher=1, types=[(1, 0)])
    sending = threading.Thread(target=send, args=(publication, bodies))
    sending.start()
    try:
        assert record(tape, client, "--until-idle", "300ms", "--for", "60s", "--stream", "notes") == 0
    finally:
        sending.join(30)
        publication.close()


def test_messages_are_recorded_byte_for_byte_and_a_second_run_goes_on(
    tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tmp_path / "tape"
    record_bodies(tape, client, BODIES)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"recorded 999 messages of {IPC} stream 7 in {tape}\n"
    record_bodies(tape, client, BODIES[:10])
    with open_recording(tape) as reader:
        assert [(stream.name, stream.framed) for stream in reader.streams.values()] == [("notes", False)]
        assert [found.payload for found in reader] == [*BODIES, *BODIES[:10]]


def test_it_ends_after_its_time(tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert record(tmp_path / "tape", client, "--for", "200ms", "--until-idle", "1ms") == 0
    assert "recorded 0 messages" in capsys.readouterr().err


def test_a_recording_that_is_written_is_refused(
    tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_recording(tmp_path / "tape", write=True):
        assert record(tmp_path / "tape", client, "--for", "10s") == 3
    assert "error[AB4003]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--channel", "aeron:ipc"), 2, "--stream-id"),
        (("--channel", "aeron:nothing", "--stream-id", "1"), 2, "aeron:nothing"),
        (("--channel", "aeron:ipc", "--stream-id", "1", "--directory", "no-driver"), 3, "no-driver"),
    ],
)
def test_what_cannot_be_is_refused(
    words: tuple[str, ...], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _main(["record", str(tmp_path / "tape"), *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert not (tmp_path / "tape").exists()
