"""One message to one handler: its own methods, a `Meta` that is stale afterwards, and no policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import actorbus as ab
from actorbus.dispatch.redrive import OneMessage, handing
from actorbus.errors import StaleError, UsageError

RECORD = (5, 4096, 2, 7, 99, 1, 1_000, 50, 1)


class Tick(ab.Message, type_id=4812, version=1):
    number: ab.Int64
    size: ab.Int32 = 0


def one(message: object) -> OneMessage:
    return OneMessage("ticks", message, RECORD, (70, 9000))


def test_a_method_gets_the_message_and_its_address() -> None:
    seen: list[Any] = []

    class One(ab.Handler):
        @ab.on(Tick)
        def tick(self, message: Tick, meta: ab.Meta) -> str:
            seen.extend([message, meta.copy(), meta.recorded, meta])
            return "answer"

    with handing(One(), one(Tick(3))) as answers:
        assert answers == ["answer"]
    assert seen[0] == Tick(3)
    assert (seen[1].session, seen[1].position, seen[1].index, seen[1].sequence) == (5, 4096, 2, 7)
    assert seen[2] == (70, 9000)
    with pytest.raises(StaleError):
        _ = seen[3].position


def test_a_batch_handler_gets_a_batch_of_one() -> None:
    seen: list[Any] = []

    class Many(ab.BatchHandler[Tick]):
        def on_batch(self, messages: Sequence[Tick], meta: ab.BatchMeta, /) -> None:
            seen.extend([*messages, meta[0].index, len(meta)])

    with handing(Many(), one(Tick(4))):
        pass
    assert seen == [Tick(4), 2, 1]


def test_a_column_handler_gets_an_array_of_one() -> None:
    pytest.importorskip("numpy")
    seen: list[Any] = []

    class Columns(ab.ColumnHandler[Tick]):
        def on_columns(self, columns: Any, meta: ab.BatchMeta, /) -> None:
            seen.append((columns["number"].tolist(), columns["size"].tolist(), meta[0].sequence))

    with handing(Columns(), one(Tick(5, 6))):
        pass
    assert seen == [([5], [6], 7)]


def test_what_it_raises_goes_on_and_a_foreign_type_is_refused() -> None:
    class Bad(ab.Handler):
        @ab.on(Tick)
        def tick(self, _message: Tick) -> None:
            raise KeyError("no")

    with pytest.raises(KeyError), handing(Bad(), one(Tick(1))):
        pass
    with pytest.raises(UsageError, match="takes no Event"), handing(Bad(), one(ab.Event("x"))):
        pass
