"""Conflation on a scripted publisher: which message waits, in what order it leaves, what is counted."""

from __future__ import annotations

import pytest

import actorbus as ab
from actorbus.dispatch.conflation import Conflation
from actorbus.errors import UsageError


class Quote(ab.Message, type_id=1001, version=1):
    symbol: str
    n: int
    sides: list[int]


class Trade(ab.Message, type_id=1002, version=1):
    symbol: str


class Line:
    def __init__(self) -> None:
        self.room = 0
        self.code = -2
        self.sent: list[object] = []
        self.dropped = 0
        self.held = False

    def retry(self, body: object) -> int:
        if self.room <= 0:
            return self.code
        self.room -= 1
        self.sent.append(body)
        return len(self.sent)

    def drop(self) -> int:
        self.dropped += 1
        return 0

    def keeps(self, code: int) -> bool:
        return code == -2

    def hold(self, holder: object) -> None:
        self.held = True

    def unhold(self, holder: object) -> None:
        self.held = False


def test_the_newest_of_each_key_leaves_in_order_of_first_refusal() -> None:
    line = Line()
    waiting = Conflation(line, "symbol")
    assert [waiting.put(Quote(symbol, n, []), (symbol, n)) for n, symbol in enumerate("ABAC")] == [
        True,
        False,
        False,
        False,
    ]
    assert (len(waiting), line.dropped, line.held) == (3, 1, True)
    line.room = 2
    assert not waiting.flush()
    assert line.sent == [("A", 2), ("B", 1)]
    line.room = 5
    assert waiting.flush()
    assert line.sent[2:] == [("C", 3)]
    assert not line.held
    assert line.dropped + len(line.sent) == 4


def test_messages_of_two_types_never_replace_each_other() -> None:
    line = Line()
    waiting = Conflation(line, "symbol")
    waiting.put(Quote("A", 1, []), 1)
    waiting.put(Trade("A"), 2)
    assert (len(waiting), line.dropped) == (2, 0)


def test_a_key_of_no_use_is_told() -> None:
    with pytest.raises(UsageError, match=r"Quote.sides is a list, which cannot be a key .* choose a field"):
        Conflation(Line(), "sides").put(Quote("A", 1, []), 1)


def test_what_can_never_be_sent_is_dropped_and_counted() -> None:
    line = Line()
    waiting = Conflation(line, "symbol")
    waiting.put(Quote("A", 1, []), 1)
    line.code = -4
    assert waiting.flush()
    assert (line.dropped, line.held) == (1, False)


def test_giving_up_counts_what_waited() -> None:
    line = Line()
    waiting = Conflation(line, "symbol")
    for symbol in "AB":
        waiting.put(Quote(symbol, 1, []), 1)
    assert waiting.give_up() == 2
    assert (line.dropped, line.held, waiting.flush()) == (2, False, True)
