from __future__ import annotations

from typing import NamedTuple

import pytest

from actorbus.errors import ClosedError, InvalidValue
from actorbus.ffi import RecordCounts, RecordSink
from actorbus.ffi.native import lib


class Fed(NamedTuple):
    """A subscription that tests feed."""

    handle: int


def test_a_sink_that_was_never_attached_has_counted_nothing() -> None:
    fed = Fed(lib.ab_batch_open())
    try:
        assert RecordSink(fed).counts() == RecordCounts()
    finally:
        lib.ab_batch_close(fed.handle)


def test_without_a_journal_messages_are_shed_and_counted() -> None:
    fed = Fed(lib.ab_batch_open())
    sink = RecordSink(fed)
    try:
        sink.attach(0, 3, framed=False, shed=True, patience_ns=1_000_000)
        for position in (64, 128):
            assert lib.ab_batch_feed(fed.handle, 1, position, b"abc", 3, 0xC0) == 1
        assert sink.counts().shed == 2
        sink.attach(0, 3, framed=False, shed=False, patience_ns=1_000_000)
        assert lib.ab_batch_feed(fed.handle, 1, 192, b"abc", 3, 0xC0) == 0, "it waits where it is"
        assert sink.counts().held == 1
    finally:
        lib.ab_batch_close(fed.handle)


@pytest.mark.parametrize(("stream", "patience_ns"), [(-1, 0), (65_536, 0), (0, -1)])
def test_numbers_out_of_range_are_refused(stream: int, patience_ns: int) -> None:
    fed = Fed(lib.ab_batch_open())
    try:
        with pytest.raises(InvalidValue, match="out of range"):
            RecordSink(fed).attach(0, stream, framed=True, shed=False, patience_ns=patience_ns)
    finally:
        lib.ab_batch_close(fed.handle)


def test_a_closed_subscription_is_told() -> None:
    fed = Fed(lib.ab_batch_open())
    lib.ab_batch_close(fed.handle)

    with pytest.raises(ClosedError):
        RecordSink(fed).attach(0, 0, framed=True, shed=False, patience_ns=0)
    assert RecordSink(fed).counts() == RecordCounts()
