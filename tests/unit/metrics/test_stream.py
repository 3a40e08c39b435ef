"""Slots and records agree with native code and with the summary's names."""

from __future__ import annotations

from actorbus.ffi.native import lib
from actorbus.ffi.stats import BLOCK_SLOTS
from actorbus.metrics import HandlerCounter, HandlerCounters, StreamCounter, StreamCounters

NATIVE = {
    StreamCounter.PUBLISHED: lib.AB_PUBLISHED,
    StreamCounter.PUBLISHED_BYTES: lib.AB_PUBLISHED_BYTES,
    StreamCounter.DROPPED: lib.AB_DROPPED,
    StreamCounter.BACK_PRESSURED: lib.AB_BACK_PRESSURED_COUNT,
    StreamCounter.NOT_CONNECTED: lib.AB_NOT_CONNECTED_COUNT,
    StreamCounter.RECEIVED: lib.AB_RECEIVED,
    StreamCounter.RECEIVED_BYTES: lib.AB_RECEIVED_BYTES,
    StreamCounter.GAPS: lib.AB_GAPS,
    StreamCounter.MISSING: lib.AB_MISSING,
    StreamCounter.INVALID_FRAMES: lib.AB_INVALID_FRAMES,
    StreamCounter.MALFORMED: lib.AB_MALFORMED_COUNT,
    StreamCounter.UNKNOWN_TYPE: lib.AB_UNKNOWN,
    StreamCounter.UNWANTED: lib.AB_UNWANTED,
    StreamCounter.QUARANTINED: lib.AB_QUARANTINED,
}


def test_slots_are_those_of_native_code() -> None:
    assert {counter: int(counter) for counter in StreamCounter} == NATIVE
    assert lib.AB_STREAM_COUNTERS == BLOCK_SLOTS == 16


def test_a_stream_record_takes_every_number_to_its_name() -> None:
    record = StreamCounters.from_block(tuple(range(100, 116)))
    assert record == StreamCounters(
        published=100,
        published_bytes=101,
        dropped=102,
        back_pressured=103,
        not_connected=104,
        received=105,
        bytes=106,
        gaps=107,
        missing=108,
        invalid_frames=109,
        malformed=110,
        unknown_type=111,
        unwanted=112,
        quarantined=113,
    )


def test_a_stream_record_has_the_summarys_names_first_and_in_its_order() -> None:
    names = (
        "published received bytes gaps dropped back_pressured missing invalid_frames malformed unknown_type unwanted"
    )
    assert StreamCounters.__struct_fields__[:12] == (*names.split(), "quarantined")


def test_a_handler_record_takes_every_number_to_its_name() -> None:
    assert [*HandlerCounter] == [0, 1, 2, 3, 4]
    record = HandlerCounters.from_block(tuple(range(7, 23)))
    assert record == HandlerCounters(messages=7, errors=8, restarts=9, dropped=10, dead_letters=11)
