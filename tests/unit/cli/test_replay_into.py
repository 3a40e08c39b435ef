"""Replaying into streams: byte for byte, into a channel and into a running topology; what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.cli.replay_into import Target
from actorbus.errors import MessageTooLarge
from actorbus.journal import open_recording
from actorbus.journal.table import Backend
from actorbus.recording import RecordedStream
from actorbus.transport import Client, EmbeddedDriver
from tests.support.aeron import IPC, SETTINGS, take
from tests.support.tapes import record_quotes
from tests.unit.cli.conftest import Running

BACKENDS: tuple[Backend, ...] = ("journal", "jsonl")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with EmbeddedDriver(tmp_path / "driver", SETTINGS) as driver, Client.connect(driver.directory) as connected:
        yield connected


def replay(tape: Path, client: Client, *words: str) -> int:
    into = ["--channel", IPC, "--stream-id", "7", "--directory", str(client.directory)]
    return _main(["replay", str(tape), *into, *words])


@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_come_byte_for_byte_from_the_place_asked_for(
    tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str], backend: Backend
) -> None:
    tape = record_quotes(tmp_path / "tape", 3000, backend, foreign=2)
    with open_recording(tape) as reader:
        payloads = [record.payload for record in reader]
    raw = client.add_subscription(IPC, 7, frame=False, format=0, types=[(1, 0, True)])
    found: list[bytes] = []
    taking = threading.Thread(target=lambda: found.extend(take(raw, 1000 + 2)))
    taking.start()  # more than the term buffer holds: it has to be read meanwhile
    assert replay(tape, client, "--from", "2000", "--stream", "quotes") == 0
    assert replay(tape, client, "--stream", "foreign") == 0
    taking.join(30)
    assert found == payloads[2000:]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0].startswith(f"replayed 1,000 records into {IPC} stream 7 in ")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_topology_gets_its_streams_and_handles_them(running: Running, tmp_path: Path, backend: Backend) -> None:
    tape = record_quotes(tmp_path / "tape", 500, backend)
    assert _main(["replay", str(tape), "--to-topology", running.file]) == 0
    running.node.wait(for_ns=10_000_000_000, until_idle_ns=50_000_000)
    stream = running.node.stats().streams["quotes"]
    assert (stream.received, stream.gaps, stream.quarantined) == (500, 0, 0)


def test_another_format_or_an_unknown_stream_is_refused(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tmp_path / "tape"
    with open_recording(tape, write=True, backend="jsonl") as recording:
        recording.append(recording.add_stream(RecordedStream(name="quotes", framed=False)), b"x")
        recording.append(recording.add_stream(RecordedStream(name="others", framed=False)), b"x")
    assert _main(["replay", str(tape), "--to-topology", running.file, "--stream", "quotes"]) == 2
    err = capsys.readouterr().err
    assert "'quotes' was recorded as raw without our frame" in err
    assert "it is msgpack with our frame" in err
    assert _main(["replay", str(tape), "--to-topology", running.file, "--stream", "others"]) == 2
    assert "there is no stream 'others'" in capsys.readouterr().err


def test_several_streams_do_not_go_into_one(tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    tape = record_quotes(tmp_path / "tape", 3, foreign=1)
    assert replay(tape, client) == 2
    assert "the recording has foreign, quotes; choose one with --stream" in capsys.readouterr().err


def test_without_a_subscriber_it_ends_after_the_timeout(
    tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = record_quotes(tmp_path / "tape", 3)
    assert replay(tape, client, "--connect-timeout", "50ms") == 1
    assert f"error[AB2102]: nobody subscribes to {IPC} stream 7 within 0.05 s" in capsys.readouterr().err


def test_without_a_driver_the_machine_is_not_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape = record_quotes(tmp_path / "tape", 3)
    into = ["--channel", IPC, "--stream-id", "7", "--directory", str(tmp_path / "none")]
    assert _main(["replay", str(tape), *into]) == 3
    assert "error[AB2211]" in capsys.readouterr().err


def test_what_the_channel_cannot_carry_is_told(client: Client) -> None:
    _raw = client.add_subscription(IPC, 7, frame=False, format=0, types=[(1, 0, True)])
    target = Target(client, IPC, 7, "the stream", 5_000_000_000)
    target.wait_subscriber()
    with pytest.raises(MessageTooLarge, match="longer term-length"):
        target.send(bytes(60_000))
    target.send(b"")
    assert target.sent == 1
