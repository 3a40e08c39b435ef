"""`row_check` finds every break of the row by the number that the payload carries itself."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus_handlers import RowCheck
from actorbus_handlers.row_check import RowOutOfOrder
from tests.unit.handlers.fakes import bar, handler


def feed(check: RowCheck, rows: list[int]) -> list[str]:
    """Give it rows; returns what it said about each that it refused."""
    said: list[str] = []
    for row in rows:
        try:
            check.message(bar(row=row))
        except RowOutOfOrder as error:
            said.append(str(error))
    return said


def test_rows_in_order_are_fine(caplog: pytest.LogCaptureFixture) -> None:
    check, _ = handler(RowCheck, expect=3)
    assert feed(check, [1, 2, 3]) == []
    with caplog.at_level(logging.INFO):
        check.on_stop()
    assert caplog.messages == ["3 rows in order, 0 missing, 0 repeated, 0 unnumbered"]


def test_a_gap_is_one_error_and_it_goes_on_from_there() -> None:
    check, _ = handler(RowCheck)
    assert feed(check, [1, 4, 5]) == ["row 4 came where row 2 was due: 2 missing"]
    assert (check.rows, check.missing) == (2, 2)


def test_a_gap_at_the_beginning_is_seen() -> None:
    check, _ = handler(RowCheck)
    assert feed(check, [2]) == ["row 2 came where row 1 was due: 1 missing"]


def test_a_repeated_row_and_an_older_one_are_errors() -> None:
    check, _ = handler(RowCheck)
    assert len(feed(check, [1, 1, 2, 1, 3])) == 2
    assert (check.rows, check.repeated, check.missing) == (3, 2, 0)


@pytest.mark.parametrize("message", [bar(), b"raw", SimpleNamespace(metadata={"row": "one"})])
def test_a_message_without_a_number_is_an_error(message: object) -> None:
    check, _ = handler(RowCheck)
    with pytest.raises(RowOutOfOrder, match="number them at the source"):
        check.message(message)
    assert check.unnumbered == 1


def test_fewer_rows_than_expected_are_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    check, _ = handler(RowCheck, expect=3)
    feed(check, [1, 2])
    check.on_stop()
    assert caplog.messages == ["2 rows in order, expected 3"]


def test_breaks_are_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    check, _ = handler(RowCheck)
    feed(check, [1, 3])
    check.on_stop()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_key_and_first_row_can_be_told() -> None:
    check, _ = handler(RowCheck, key="n", first=0)
    check.message(SimpleNamespace(metadata={"n": "0"}))
    assert check.rows == 1


@given(st.sets(st.integers(1, 60)))
def test_whatever_is_left_out_is_missing_and_nothing_else(left_out: set[int]) -> None:
    check, _ = handler(RowCheck)
    came = [row for row in range(1, 62) if row not in left_out]
    feed(check, came)
    assert check.missing == len(left_out)
    assert (check.repeated, check.unnumbered) == (0, 0)
