"""Arrays on their way out: what is refused by name, and what the policy settles."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import numpy as np
import pytest

import actorbus as ab
from actorbus.dispatch.columns import dtype_of, send_columns
from actorbus.errors import BackPressured, EncodeError, LibraryMissing, UsageError
from tests.support.fixed import Halt, Side, Tick


class Port:
    """Takes `room` records at a time, then refuses one."""

    def __init__(self, room: int, code: int = -2) -> None:
        self.room = room
        self.code = code
        self.starts: list[int] = []

    def publish_columns(self, records: object, layout: object, start: int, /) -> tuple[int, int]:
        assert isinstance(records, memoryview)
        self.starts.append(start)
        left = len(records) // 32 - start
        return min(self.room, left), self.code if left > self.room else 0


def ticks(count: int) -> Any:
    columns = np.zeros(count, dtype_of(Tick))
    columns["size"] = np.arange(count)
    return columns


def refuse(message: object, body: bytes, code: int) -> int:
    raise BackPressured("no room")


def test_what_is_refused_goes_by_policy_and_the_rest_behind_it() -> None:
    port, settled = Port(3), []

    def refused(message: object, body: bytes, code: int) -> int:
        settled.append((message, len(body), code))
        return 7

    assert send_columns("s", (Halt, Tick), port, ticks(10), refused) == 10
    assert port.starts == [0, 4, 8]
    assert settled == [(Tick("", 0.0, 3, Side.NONE, False), 27, -2), (Tick("", 0.0, 7, Side.NONE, False), 27, -2)]


def test_an_error_says_how_many_went_before() -> None:
    with pytest.raises(BackPressured) as refused:
        _ = send_columns("s", (Tick,), Port(3), ticks(5), refuse)
    assert refused.value.__notes__ == ["3 of 5 records were published before"]


def test_a_record_that_no_reader_would_take_is_named() -> None:
    columns = ticks(5)
    columns["side"][2] = 4
    with pytest.raises(EncodeError, match="record 2 of the array is no Tick, stream 's': field side holds"):
        _ = send_columns("s", (Tick,), Port(2, code=-14), columns, refuse)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        (np.zeros(3), "an array of float64 is of none of its messages"),
        (np.zeros((3, 3), dtype_of(Tick)), "takes an array of one dimension"),
        ([1, 2], "takes an array of one dimension, got list"),
    ],
)
def test_another_array_is_refused(columns: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        _ = send_columns("s", (Tick,), Port(1), columns, refuse)


class Again(ab.Message, type_id=1011):
    number: int
    key: Annotated[bytes, ab.Octets(4)]


def test_two_classes_alike_cannot_be_told_apart() -> None:
    with pytest.raises(UsageError, match="the dtype of Halt, Again alike"):
        _ = send_columns("s", (Halt, Again), Port(1), np.zeros(1, dtype_of(Halt)), refuse)


def test_without_numpy_the_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(LibraryMissing, match=r"python -m pip install numpy"):
        _ = dtype_of(Tick)
