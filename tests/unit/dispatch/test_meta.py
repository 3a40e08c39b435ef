from __future__ import annotations

import pytest

from actorbus.dispatch.meta import BatchMeta, Meta
from actorbus.errors import StaleError

RECORDS = [(1, 64 * n, 0, 100 + n, 9, 1_000 + n, 2_000 + n, 1001, 3) for n in range(4)]


def test_the_place_follows_the_iterator() -> None:
    meta = Meta("s", RECORDS.__getitem__)
    left = iter(["a", "b", "c", "d"])
    meta.open(left, 4)

    places = [meta.place() for _ in left]

    assert places == [0, 1, 2, 3]


def test_every_field_reads_its_own_part_of_the_record() -> None:
    meta = Meta("s", RECORDS.__getitem__)
    left = iter(["a", "b", "c", "d"])
    meta.open(left, 4)
    next(left)
    next(left)

    assert (meta.stream, meta.session, meta.position, meta.index, meta.sequence) == ("s", 1, 64, 0, 101)
    assert (meta.publisher, meta.publish_time_ns, meta.receive_time_ns, meta.type_id, meta.version) == (
        9,
        1001,
        2001,
        1001,
        3,
    )
    copy = meta.copy()
    meta.close()
    assert (copy.sequence, copy.version, copy.stream) == (101, 3, "s")


def test_a_closed_meta_raises_on_every_read() -> None:
    meta = Meta("s", RECORDS.__getitem__)

    for field in (
        "session",
        "position",
        "index",
        "sequence",
        "publisher",
        "publish_time_ns",
        "receive_time_ns",
        "type_id",
        "version",
    ):
        with pytest.raises(StaleError, match="after its message was handled"):
            getattr(meta, field)


def test_a_batch_meta_is_read_by_place_and_goes_stale() -> None:
    records = [(7, 64 * n, 0, n, 99, 1, 2, 1001, 1) for n in range(3)]
    meta = BatchMeta("ticks", records.__getitem__, 3)

    assert [each.sequence for each in meta] == [0, 1, 2]
    assert (len(meta), meta[-1].position, meta[0].stream) == (3, 128, "ticks")
    with pytest.raises(IndexError):
        _ = meta[3]
    meta.close()
    with pytest.raises(StaleError, match="keep meta"):
        _ = meta[0]


def test_copies_tell_the_place_in_the_recording() -> None:
    recorded = [(5, 100), None, (6, 200), (7, 300)]
    meta = Meta("s", RECORDS.__getitem__, recorded.__getitem__)
    whole = BatchMeta("s", RECORDS.__getitem__, 4, recorded.__getitem__)

    assert [each.recorded for each in whole] == recorded
    left = iter("abcd")
    meta.open(left, 4)
    assert [meta.copy().recorded for _ in left] == recorded
