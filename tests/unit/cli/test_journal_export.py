"""`journal export`: every record, decoded, from where to where one asks."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import msgspec
import pytest

import actorbus as ab
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.codec import FormatId, Frame, pack
from actorbus.journal import open_recording
from actorbus.recording import RecordedStream, RecordedType
from tests.support.tapes import BEGIN_NS, damage, record_quotes


def lines(capsys: pytest.CaptureFixture[str], *words: object) -> list[dict[str, object]]:
    assert _main(["journal", "export", *map(str, words)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_a_record_as_the_interface_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 3, foreign=1)
    found = lines(capsys, tmp_path)
    with open_recording(tmp_path) as reader:
        records = list(reader)
    assert [list(line) for line in found[:3]] == [
        ["sequence", "time_ns", "stream", "session", "position", "type", "message"]
    ] * 3
    assert [line["position"] for line in found] == [record.position for record in records]
    assert found[1] == {
        "sequence": 1, "time_ns": BEGIN_NS + 1_000_000_000, "stream": "quotes", "session": 5,
        "position": records[1].position, "type": "Quote",
        "message": {
            "symbol": "B", "bid": "1", "ask": "2", "bid_size": "0", "ask_size": "0", "exchange": "",
            "asset_class": "unknown", "event_time_ns": 0, "metadata": None,
        },
    }  # fmt: skip
    assert (found[3]["stream"], found[3]["type"], found[3]["base64"]) == (
        "foreign",
        "bytes",
        base64.b64encode(b"\0raw").decode(),
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--from", "97"], [97, 98, 99]),
        (["--to", "2"], [0, 1]),
        (["--from", "10", "--to", "sequence:12"], [10, 11]),
        (["--from", "2026-03-02T09:30:50Z", "--to", "2026-03-02T10:30:53+01:00"], [50, 51, 52]),
        (["--from", "2026-03-02T09:31:38.000000001Z"], [99]),
        (["--from", "100"], []),
        (["--to", "now", "--from", "99"], [99]),
        (["--stream", "foreign"], []),
    ],
)
def test_it_begins_and_ends_where_one_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: list[int]
) -> None:
    record_quotes(tmp_path, 100)
    if words[0] == "--stream":
        record_quotes(tmp_path, 0, foreign=2)
        expected = [100, 101]
    assert [line["sequence"] for line in lines(capsys, tmp_path, *words)] == expected


def test_positions_of_lines_are_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 20)
    found = lines(capsys, tmp_path)
    words = ("--from", f"position:{found[4]['position']}", "--to", f"position:{found[7]['position']}")
    assert [line["sequence"] for line in lines(capsys, tmp_path, *words)] == [5, 6, 7]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--from", "yesterday"], "is not a place in a recording"),
        (["--from", "101"], "beyond the end"),
        (["--from", "2026-03-02T09:30:00"], "has no time zone"),
        (["--to", "live"], "end live"),
        (["--stream", "quots"], "did you mean 'quotes'"),
        (["--format", "parquet"], "give --output FILE"),
    ],
)
def test_wrong_words_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    record_quotes(tmp_path, 100)
    assert _main(["journal", "export", str(tmp_path), *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err


def test_a_class_is_found_beside_the_topology_or_not_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])

    class Side(ab.Message, type_id=1001):
        symbol: str
        side: ab.Side

    app = "import actorbus as ab\nclass Fill(ab.Message, type_id=1001):\n    symbol: str\n    side: ab.Side\n"
    (tmp_path / "app_of_an_export_test.py").write_text(app)
    kind = RecordedType(1001, 1, "app_of_an_export_test:Fill", (("symbol", "str"), ("side", "ab.Side")))
    with open_recording(tmp_path / "tape", write=True, backend="jsonl") as recording:
        number = recording.add_stream(RecordedStream(name="fills", format="msgpack", types=(kind,)))
        body = msgspec.msgpack.encode(Side("A", ab.Side.BUY))
        recording.append(
            number, pack(Frame(format=FormatId.MSGPACK, type_id=1001, publisher=1, sequence=0, bodies=(body,)))
        )
    code = int(ab.Side.BUY)
    assert lines(capsys, tmp_path / "tape")[0]["message"] == {"symbol": "A", "side": code}
    beside = ("-t", tmp_path / "topology.yaml")
    assert lines(capsys, tmp_path / "tape", *beside, "--generic")[0]["message"] == {"symbol": "A", "side": code}
    assert lines(capsys, tmp_path / "tape", *beside)[0]["message"] == {"symbol": "A", "side": "buy"}


def test_damage_ends_it_unless_it_is_stepped_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 100)
    damage(tmp_path, 7)
    assert _main(["journal", "export", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) <= 7
    assert "error[AB4001]" in captured.err
    assert _main(["journal", "export", str(tmp_path), "--skip-corrupt"]) == 1
    captured = capsys.readouterr()
    found = [json.loads(line)["sequence"] for line in captured.out.splitlines()]
    assert 7 not in found
    assert found[-1] == 99
    assert found == sorted(found)
    assert "skipped: " in captured.err


def test_a_hole_that_a_repair_left_is_stepped_over_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_recording(tmp_path, write=True) as recording:
        number = recording.add_stream(RecordedStream(name="raw", framed=False))
        for value in range(100):
            recording.append(number, b"value %03d" % value)
            recording.sync()
    path = next(tmp_path.glob("*.journal"))
    path.write_bytes(path.read_bytes().replace(b"value 007", b"value 008"))
    assert _main(["journal", "repair", str(tmp_path)]) == 0
    capsys.readouterr()
    assert _main(["journal", "export", str(tmp_path), "--skip-corrupt"]) == 1
    captured = capsys.readouterr()
    found = [json.loads(line)["sequence"] for line in captured.out.splitlines()]
    assert found == [number for number in range(100) if number != 7]
    assert captured.err.count("skipped: ") == 1


def test_beside_a_recorder_it_ends_at_the_end_of_now(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 10)
    with open_recording(tmp_path, write=True) as recording:
        recording.append(0, b"not a frame")
        recording.write()
        found = lines(capsys, tmp_path)
    assert len(found) == 11
    assert found[-1]["type"] is None
    assert base64.b64decode(str(found[-1]["base64"])) == b"not a frame"


def test_a_wrong_place_names_the_forms_of_a_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 3)
    assert _main(["journal", "export", str(tmp_path), "--from", "abc"]) == 2
    said = capsys.readouterr().err
    assert "'abc' is not a place in a recording" in said
    assert "position:4096" in said
    assert "{" not in said


def test_damage_says_how_to_step_over_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 100, "journal")
    damage(tmp_path, 50)
    assert _main(["journal", "repair", str(tmp_path)]) == 0
    assert _main(["journal", "export", str(tmp_path)]) == 1
    assert "--skip-corrupt goes on behind it" in capsys.readouterr().err
