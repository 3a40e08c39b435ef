"""Lines of the jsonl backend: readable, byte for byte, and wrong ones are never taken for right."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.journal import jsonl_format
from actorbus.journal.jsonl_format import Hole, encode, encode_hole, parse, seed_of
from actorbus.recording import RecordedMessage, RecordedStream

UUID = "0123456789abcdef" * 2
SEED = seed_of(UUID)
BARS = RecordedStream(number=3, name='b"ars')
INT64 = st.integers(-(2**63), 2**63 - 1)


def decoded(_stream: RecordedStream, _payload: bytes) -> Mapping[str, object]:
    return {"type": "Bar", "message": {"symbol": "EURUSD", "close": "1.085"}}


@given(
    st.builds(
        RecordedMessage,
        st.integers(0, 2**63 - 1),
        st.integers(0, 2**63 - 1),
        st.just(3),
        st.integers(-(2**31), 2**31 - 1),
        INT64,
        st.integers(0, 2**62),
        st.binary(max_size=200),
    ),
    st.booleans(),
)
def test_a_line_gives_its_record_back_at_its_place_alone(record: RecordedMessage, readable: bool) -> None:
    line = encode(record, BARS, SEED, decoded if readable else None)
    end = record.position + len(line)
    found = parse(line, SEED, end)
    assert isinstance(found, RecordedMessage)
    assert found.payload == record.payload
    assert (found.sequence, found.time_ns, found.stream, found.session, found.stream_position, found.position) == (
        record.sequence, record.time_ns, 3, record.session, record.stream_position, end,
    )  # fmt: skip
    assert "belongs to position" in str(parse(line, SEED, end + 1))
    assert "checksum" in str(parse(line, seed_of("f" * 32), end))


def test_positions_near_a_further_digit_fit() -> None:
    for begin in (*range(600, 1100), *range(99_000, 100_100)):
        line = encode(RecordedMessage(0, 1, 3, 0, 0, begin, b"x"), BARS, SEED, None)
        assert isinstance(parse(line, SEED, begin + len(line)), RecordedMessage), begin


def test_a_line_reads_as_export_prints_it() -> None:
    line = encode(RecordedMessage(7, 5, 3, -9, 640, 100, b"\0frame"), BARS, SEED, decoded)
    found = json.loads(line)
    assert list(found)[:7] == ["sequence", "time_ns", "stream", "session", "position", "type", "message"]
    assert found["stream"] == BARS.name
    assert found["message"] == {"symbol": "EURUSD", "close": "1.085"}
    assert base64.b64decode(found["frame"]) == b"\0frame"
    assert found["position"] == 100 + len(line)


def test_bytes_that_nobody_can_read_stand_once() -> None:
    found = json.loads(encode(RecordedMessage(7, 5, 3, -9, 640, 100, b"\0frame"), BARS, SEED, None))
    assert base64.b64decode(found["base64"]) == b"\0frame"
    assert "frame" not in found


def test_a_message_too_long_to_show_is_kept_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl_format, "LINE_MAX_BYTES", 300)
    record = RecordedMessage(0, 1, 3, 0, 0, 0, b"x")
    line = encode(record, BARS, SEED, lambda _stream, _payload: {"type": "News", "message": {"body": "x" * 1000}})
    assert b"News" not in line
    assert isinstance(parse(line, SEED, len(line)), RecordedMessage)


def test_every_changed_bit_is_noticed() -> None:
    line = encode(RecordedMessage(7, 5, 3, -9, 640, 0, b"frame"), BARS, SEED, decoded)
    for at in range(len(line) * 8):
        changed = bytearray(line)
        changed[at // 8] ^= 1 << at % 8
        assert isinstance(parse(bytes(changed), SEED, len(line)), str), at


def test_a_hole_fills_its_place() -> None:
    line = encode_hole(5, 9, 1000, 1200, SEED)
    assert line is not None
    assert len(line) == 200
    assert parse(line, SEED, 1200) == Hole(5, 9, 1200)
    assert encode_hole(5, 9, 1000, 1020, SEED) is None


@pytest.mark.parametrize("line", [b"", b"\n", b"x", b"{}\n", b"\0" * 50 + b"\n", b'{"crc":"00000000"}\n'])
def test_garbage_is_told(line: bytes) -> None:
    assert isinstance(parse(line, SEED, len(line)), str)
