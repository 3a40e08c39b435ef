"""`actorbus record`: a raw stream byte for byte, until idle, for a time, and what is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.codec import ControlKind, control
from actorbus.journal import open_recording
from actorbus.message import type_id_of
from actorbus.transport import Client, EmbeddedDriver
from tests.support.aeron import IPC, SETTINGS, send
from tests.support.tapes import frame_of

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


def test_beats_do_not_keep_a_recorder_from_being_idle(tmp_path: Path, client: Client) -> None:
    publication = client.add_publication(IPC, 7, frame=False, format=0, publisher=1, types=[(1, 0)])
    over = threading.Event()

    def beat() -> None:
        send(publication, [b"a message"])
        while not over.wait(0.05):
            send(publication, [control(ControlKind.BEAT, publisher=1, sequence=1)])

    beating = threading.Thread(target=beat)
    beating.start()
    began = time.monotonic()
    try:
        assert record(tmp_path / "tape", client, "--until-idle", "500ms", "--for", "60s") == 0
        assert time.monotonic() - began < 50
    finally:
        over.set()
        beating.join(30)
        publication.close()
    with open_recording(tmp_path / "tape") as reader:
        assert len(list(reader)) > 1, "they are recorded all the same"


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


TOPOLOGY = """\
version: 1
name: {name}
profile: ci
driver: {{mode: external, directory: {driver}}}
streams:
  quotes: {{stream_id: 11, messages: [Quote]}}
  notes: {{stream_id: 12, messages: [Event]}}
{recorders}
"""


def topology(folder: Path, client: Client, recorders: str = "") -> Path:
    path = folder / "topology.yaml"
    text = TOPOLOGY.format(name=f"record-{folder.name}", driver=client.directory, recorders=recorders)
    path.write_text(text, encoding="utf-8")
    return path


def record_file(client: Client, *words: object) -> int:
    """Record while five quotes and three notes are sent."""
    raw = {"frame": False, "format": 0, "publisher": 1, "types": [(1, 0)]}
    quotes, notes = (client.add_publication(IPC, number, **raw) for number in (11, 12))  # pyright: ignore[reportArgumentType] - of these types
    wanted = [(notes, 3)] if "notes" in words or len(words) == 1 else [(quotes, 5), (notes, 3)]

    def send_all() -> None:
        for publication, count in wanted:
            send(publication, [frame_of(number) for number in range(count)])

    sending = threading.Thread(target=send_all)
    sending.start()
    try:
        return _main(["record", *map(str, words), "--until-idle", "300ms", "--for", "20s"])
    finally:
        sending.join(30)
        quotes.close()
        notes.close()


def counted(folder: Path) -> dict[str, int]:
    with open_recording(folder) as reader:
        names = [reader.streams[record.stream].name for record in reader]
    return {name: names.count(name) for name in names}


def test_streams_of_a_topology_are_recorded_into_a_folder(
    tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    file = topology(tmp_path, client)
    assert record_file(client, file, tmp_path / "all", "--sync", "none") == 0
    assert counted(tmp_path / "all") == {"quotes": 5, "notes": 3}
    assert f"recorded 8 messages of quotes, notes in {tmp_path / 'all'}" in capsys.readouterr().err
    with open_recording(tmp_path / "all") as reader:
        quotes = next(stream for stream in reader.streams.values() if stream.name == "quotes")
        assert (quotes.framed, quotes.format, [one.id for one in quotes.types]) == (
            True,
            "msgpack",
            [type_id_of(ab.Quote)],
        )


def test_one_stream_of_a_topology(tmp_path: Path, client: Client) -> None:
    file = topology(tmp_path, client)
    assert record_file(client, file, tmp_path / "one", "--stream", "notes") == 0
    assert counted(tmp_path / "one") == {"notes": 3}


def test_the_recorders_of_a_topology_record_where_it_says(tmp_path: Path, client: Client) -> None:
    file = topology(tmp_path, client, "recorders: {a: {streams: [notes], directory: tape-a, sync: none}}")
    assert record_file(client, file) == 0
    assert counted(tmp_path / "tape-a") == {"notes": 3}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("FILE",), "has no recorders"),
        (("FILE", "tape", "--stream", "quotas"), "no stream 'quotas'"),
        (("FILE", "tape", "--channel", "aeron:ipc"), "go together"),
        (("FILE", "tape", "--channel", "aeron:ipc", "--stream-id", "1"), "without a topology"),
        (("DIR",), "is a folder"),
        (("DIR", "--channel", "aeron:ipc", "--stream-id", "1", "--stream", "a", "--stream", "b"), "one name"),
        (("nowhere.yaml", "tape"), "nowhere.yaml"),
    ],
)
def test_wrong_words_say_what_to_give(
    words: tuple[str, ...], text: str, tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"FILE": topology(tmp_path, client), "DIR": tmp_path, "tape": tmp_path / "tape"}
    assert _main(["record", *(str(places.get(word, word)) for word in words)]) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "tape").exists()
