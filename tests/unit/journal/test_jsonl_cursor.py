"""The walk over lines: what is damage, what is a torn end, and where reading goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.journal.jsonl_cursor import Cursor
from actorbus.journal.jsonl_files import CHECKPOINT, SegmentName
from actorbus.journal.jsonl_format import Hole, encode, encode_hole, seed_of
from actorbus.recording import CorruptRecord, PositionPurged, RecordedMessage, RecordedStream

SEED = seed_of("0" * 32)
BARS = RecordedStream(number=0, name="bars")


def lines(first: int, count: int, begin: int = 0) -> list[bytes]:
    made: list[bytes] = []
    for sequence in range(first, first + count):
        made.append(encode(RecordedMessage(sequence, sequence + 1, 0, 0, 0, begin, b"x"), BARS, SEED, None))
        begin += len(made[-1])
    return made


def write(folder: Path, made: list[bytes], position: int = 0, sequence: int = 0) -> SegmentName:
    name = SegmentName.make(folder, position, sequence)
    name.path.write_bytes(b"".join(made))
    return name


def walk(cursor: Cursor) -> list[int]:
    found: list[int] = []
    while (record := cursor.step()) is not None:
        assert isinstance(record, RecordedMessage)
        found.append(record.sequence)
    return found


def test_it_goes_over_segments(tmp_path: Path) -> None:
    first = lines(0, 3)
    write(tmp_path, first)
    write(tmp_path, lines(3, 2, len(b"".join(first))), len(b"".join(first)), 3)
    cursor = Cursor(tmp_path, SEED)
    assert walk(cursor) == [0, 1, 2, 3, 4]
    cursor.close()


@pytest.mark.parametrize("rest", [b"{", b'{"sequence":3,"tim', b"\0" * 100, b"garbage\nmore garbage\n"])
def test_a_torn_end_is_the_end(tmp_path: Path, rest: bytes) -> None:
    write(tmp_path, [*lines(0, 3), rest])
    cursor = Cursor(tmp_path, SEED)
    assert walk(cursor) == [0, 1, 2]
    assert cursor.step() is None
    cursor.close()


def test_below_the_checkpoint_it_is_damage(tmp_path: Path) -> None:
    made = lines(0, 3)
    write(tmp_path, [*made[:2], made[2][:-4]])
    (tmp_path / CHECKPOINT).write_bytes(b'{"durable":%d}' % len(b"".join(made)))
    cursor = Cursor(tmp_path, SEED)
    with pytest.raises(CorruptRecord, match="record 2 is damaged") as named:
        walk(cursor)
    assert (named.value.sequence, named.value.next_position) == (2, -1)
    cursor.close()


def test_damage_before_a_whole_line_says_where_reading_goes_on(tmp_path: Path) -> None:
    made = lines(0, 5)
    offset = len(b"".join(made[:2]))
    name = write(tmp_path, [*made[:2], made[2].replace(b"bars", b"cars"), *made[3:]])
    cursor = Cursor(tmp_path, SEED)
    with pytest.raises(CorruptRecord, match=rf"{name.path.name}, byte {offset} of .*: the checksum") as named:
        walk(cursor)
    assert (named.value.file, named.value.offset) == (str(name.path), offset)
    cursor.go(named.value.next_position, None)
    assert walk(cursor) == [3, 4]
    cursor.close()


def test_a_line_of_another_place_is_damage(tmp_path: Path) -> None:
    made = lines(0, 5)
    write(tmp_path, [*made[:2], made[1], *made[3:]])  # a stale copy of equal length
    cursor = Cursor(tmp_path, SEED)
    with pytest.raises(CorruptRecord, match="belongs to position"):
        walk(cursor)
    cursor.close()


def test_a_segment_that_ends_too_early_is_damage(tmp_path: Path) -> None:
    made = lines(0, 3)
    end = len(b"".join(made))
    write(tmp_path, made[:2])
    write(tmp_path, lines(3, 2, end), end, 3)
    cursor = Cursor(tmp_path, SEED)
    with pytest.raises(CorruptRecord, match="record 2 is damaged.*the file ends") as named:
        walk(cursor)
    assert named.value.next_position == end
    cursor.close()


def test_a_hole_is_stepped_over(tmp_path: Path) -> None:
    made = lines(0, 5)
    begin, end = len(b"".join(made[:2])), len(b"".join(made[:4]))
    hole = encode_hole(2, 3, begin, end, SEED)
    assert hole is not None
    write(tmp_path, [*made[:2], hole, made[4]])
    cursor = Cursor(tmp_path, SEED)
    found = [cursor.step() for _ in range(5)]
    assert found[2] == Hole(2, 3, end)
    assert isinstance(found[3], RecordedMessage)
    assert found[3].sequence == 4
    assert found[4] is None
    cursor.close()


def test_a_place_that_is_gone_names_the_first_there_is(tmp_path: Path) -> None:
    write(tmp_path, lines(7, 2, 1000), 1000, 7)
    cursor = Cursor(tmp_path, SEED)
    with pytest.raises(PositionPurged, match="sequence 7, position 1000") as gone:
        cursor.go(0, 0)
    assert (gone.value.first_sequence, gone.value.first_position) == (7, 1000)


def test_a_folder_without_segments_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorruptRecord, match="has no segment"):
        Cursor(tmp_path, SEED).step()


@pytest.mark.parametrize("seen", [0, 10, -1])
def test_a_line_that_a_writer_finishes_while_it_is_looked_at_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: int
) -> None:
    made = lines(0, 3)
    whole = b"".join(made)
    name = write(tmp_path, [whole[: len(made[0]) + (seen if seen >= 0 else len(made[1]) - 1)]])
    cursor = Cursor(tmp_path, SEED)
    assert walk_one(cursor) == 0
    real = Cursor._is_below_the_end, Cursor.find_valid

    def grow() -> None:
        name.path.write_bytes(whole)
        (tmp_path / CHECKPOINT).write_bytes(b'{"durable":%d}\n' % len(whole))

    def is_below(self: Cursor) -> bool:
        grow()
        return real[0](self)

    def find(self: Cursor) -> tuple[int, int]:
        grow()
        return real[1](self)

    monkeypatch.setattr(Cursor, "_is_below_the_end", is_below)
    monkeypatch.setattr(Cursor, "find_valid", find)
    assert walk(cursor) == [1, 2]
    cursor.close()


def test_segments_that_a_writer_begins_while_one_looks_are_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = lines(0, 3)
    write(tmp_path, made[:1])
    cursor = Cursor(tmp_path, SEED)
    assert walk_one(cursor) == 0
    real = Cursor._is_below_the_end

    def is_below(self: Cursor) -> bool:
        write(tmp_path, made[1:2], len(made[0]), 1)
        write(tmp_path, made[2:], len(made[0]) + len(made[1]), 2)
        return real(self)

    monkeypatch.setattr(Cursor, "_is_below_the_end", is_below)
    assert walk(cursor) == [1, 2]
    cursor.close()


def walk_one(cursor: Cursor) -> int:
    found = cursor.step()
    assert isinstance(found, RecordedMessage)
    return found.sequence
