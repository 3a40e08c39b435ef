"""recording.json: written durably, checked when read, and its rows never change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actorbus.journal import table
from actorbus.journal.table import RecordingTable, load, load_if_there, store
from actorbus.recording import FormatRefused, RecordedStream, RecordedType, RecordingNotFound

UUID = "0123456789abcdef" * 2
BARS = RecordedStream(name="b\u00e4rs", types=(RecordedType(12, 3, "app:Bar", (("symbol", "str"), ("x", "int"))),))


def test_a_table_comes_back(tmp_path: Path) -> None:
    kept, number = RecordingTable(backend="jsonl", uuid=UUID, created="2026-03-02T09:30:00Z").with_stream(BARS)
    assert number == 0
    store(tmp_path, kept)
    assert load(tmp_path) == kept
    assert load(tmp_path).by_number[0].types == BARS.types
    assert json.loads((tmp_path / table.FILE).read_text())["streams"][0]["name"] == "b\u00e4rs"


def test_the_same_facts_keep_their_number() -> None:
    first, _ = RecordingTable(backend="journal", uuid=UUID).with_stream(BARS)
    again, number = first.with_stream(BARS)
    assert again is first
    assert number == 0
    other, number = first.with_stream(RecordedStream(name="b\u00e4rs"))
    assert number == 1
    assert other.streams[0] == first.streams[0]


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    store(tmp_path, RecordingTable(backend="journal", uuid=UUID, streams=(BARS,)))
    path = tmp_path / table.FILE
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with pytest.raises(FormatRefused):
            load(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"actorbus_recording": "1"}', "\x00" * 100])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / table.FILE).write_text(text)
    with pytest.raises(FormatRefused, match="is not a table of a recording"):
        load(tmp_path)


def test_a_later_version_is_named(tmp_path: Path) -> None:
    (tmp_path / table.FILE).write_text('{"actorbus_recording": 2, "news": true}')
    with pytest.raises(FormatRefused, match="has version 2: this actorbus reads 1"):
        load(tmp_path)


def test_a_folder_without_one_has_no_recording(tmp_path: Path) -> None:
    assert load_if_there(tmp_path) is None
    with pytest.raises(RecordingNotFound, match=r"no recording in .*: there is no recording.json in it; look"):
        load(tmp_path)
    with pytest.raises(RecordingNotFound, match="no such folder"):
        load(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(RecordingNotFound):
        load(tmp_path / "file")
