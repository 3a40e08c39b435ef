"""The table's rows: a stream is the same when all its facts are, whatever its number."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.recording.records import Positions, RecordedMessage, RecordedStream, RecordedType

BARS = RecordedStream(name="bars", stream_id=7, types=(RecordedType(20, 1, "actorbus:Bar", (("symbol", "str"),)),))


def test_the_number_is_no_fact_of_a_stream() -> None:
    assert BARS.same_facts(msgspec.structs.replace(BARS, number=5))


@pytest.mark.parametrize("change", [{"name": "b"}, {"stream_id": 8}, {"types": ()}, {"framed": False}])
def test_every_other_fact_tells_streams_apart(change: dict[str, object]) -> None:
    assert not BARS.same_facts(msgspec.structs.replace(BARS, **change))


def test_a_row_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(BARS), type=RecordedStream) == BARS


def test_records_are_values() -> None:
    record = RecordedMessage(0, 1, 2, 3, 4, 5, b"x")
    assert record == RecordedMessage(0, 1, 2, 3, 4, 5, b"x")
    with pytest.raises(AttributeError):
        setattr(record, "sequence", 1)  # noqa: B010 - a plain assignment is a type error
    assert Positions() == Positions(0, 0, 0)
