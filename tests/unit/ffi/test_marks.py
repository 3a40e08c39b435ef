"""The border to the marks of sessions; what they do is held by native/tests/test_marks.c."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from actorbus.errors import ClosedError, InvalidValue
from actorbus.ffi import Marks
from actorbus.ffi.marks import follow_marks, repeated_of
from actorbus.ffi.native import ffi, lib

UUID = bytes(range(16))


class Fed(NamedTuple):
    """A subscription that tests feed."""

    handle: int


def open_fed() -> Fed:
    """Return a subscription that takes messages as they are."""
    handle = lib.ab_batch_open()
    assert lib.ab_subscription_configure(handle, 0, 0, ffi.new("ab_type[]", [(1, 0, 1)]), 1, ffi.NULL) == lib.AB_OK
    return Fed(handle)


@pytest.fixture
def fed() -> Iterator[Fed]:
    subscription = open_fed()
    yield subscription
    lib.ab_batch_close(subscription.handle)


def feed(fed: Fed, position: int) -> None:
    assert lib.ab_batch_feed(fed.handle, 1, position, b"abc", 3, 0xC0) == 1


def test_what_was_swept_is_left_out_when_it_comes_again(tmp_path: Path, fed: Fed) -> None:
    marks = Marks(tmp_path / "marks", UUID, 0)
    follow_marks(fed, marks, 3, framed=False)
    for position in (64, 128):
        feed(fed, position)
    marks.sweep(1_000, [fed])
    marks.close()

    again = open_fed()
    marks = Marks(tmp_path / "marks", UUID, 1_000)
    follow_marks(again, marks, 3, framed=False)
    for position in (64, 128, 192):
        feed(again, position)
    assert (marks.problem, marks.behind, repeated_of(again)) == (None, 1_000, 2)
    marks.close()
    lib.ab_batch_close(again.handle)


def test_records_behind_the_last_sweep_are_told_one_by_one(tmp_path: Path, fed: Fed) -> None:
    marks = Marks(tmp_path / "marks", UUID, 100)
    follow_marks(fed, marks, 3, framed=False)
    feed(fed, 64)
    marks.sweep(100)
    marks.close()

    again = open_fed()
    marks = Marks(tmp_path / "marks", UUID, 300)
    assert marks.behind == 100
    marks.raise_to(3, 1, 200, 64)
    marks.raise_to(4, 1, 300, 256)  # of another stream
    marks.sweep(300)
    marks.at(400)
    follow_marks(again, marks, 3, framed=False)
    for position in (64, 128):
        feed(again, position)
    assert repeated_of(again) == 1
    marks.close()
    lib.ab_batch_close(again.handle)


def test_a_file_that_cannot_be_made_is_a_problem_and_stops_nothing(tmp_path: Path, fed: Fed) -> None:
    marks = Marks(tmp_path / "no" / "marks", UUID, 0)
    assert marks.problem is not None
    assert "cannot open" in marks.problem
    follow_marks(fed, marks, 3, framed=False)
    feed(fed, 64)
    marks.sweep(100, [fed])
    marks.close()


def test_a_journal_that_cannot_be_read_is_a_problem_and_stops_nothing(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "marks", UUID, 0)
    marks.catch_up(tmp_path / "none")
    assert marks.problem is not None
    marks.close()


def test_closed_marks_closed_subscriptions_and_wrong_numbers_are_refused(tmp_path: Path, fed: Fed) -> None:
    marks = Marks(tmp_path / "marks", UUID, 0)
    with pytest.raises(InvalidValue, match="65536"):
        follow_marks(fed, marks, 65_536, framed=False)
    gone = Fed(lib.ab_batch_open())
    lib.ab_batch_close(gone.handle)
    with pytest.raises(ClosedError):
        follow_marks(gone, marks, 3, framed=False)
    assert repeated_of(gone) == 0
    marks.close()
    marks.close()
    with pytest.raises(ClosedError):
        marks.sweep(1)
