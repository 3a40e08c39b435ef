"""Handlers of the mailbox proofs: they check their own order, raise on schedule, and stand still when told.

Handlers and the proof run in one process and share `boards`: one board a run, by name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import actorbus as ab
from tests.support.pacing import pace


class Tick(ab.Message, type_id=1001, version=1):
    """A numbered message."""

    n: int


class Board:
    """What the handlers of one run see of each other. `ranks`: the inline handlers in the order they must run."""

    def __init__(self, ranks: list[str], count: int = 0) -> None:
        self.ranks = ranks
        self.turn = 0
        self.count = count
        self.done: dict[str, int] = {}
        self.wrong: list[str] = []
        self.stop = threading.Event()
        self.gate = threading.Event()
        self.seen: dict[str, list[int]] = {}

    def blame(self, text: str) -> None:
        """Note a broken promise; the first hundred are kept."""
        if len(self.wrong) < 100:
            self.wrong.append(text)


boards: dict[str, Board] = {}


class Ticks(ab.Source[Tick]):
    """Yields ticks from 0 on until the board says stop, or `count` of them.

    `paced`: so many of the first go out in groups of 100, 5 ms apart: a handler that is being restarted meets few of
    them, so that its later errors are not lost among the dead letters of one slow restart.
    """

    def __init__(self, *, board: str, paced: int = 0) -> None:
        self.board = boards[board]
        self.paced = paced

    def produce(self) -> Iterator[Tick]:
        board, n = self.board, 0
        while not board.stop.is_set() and (not board.count or n < board.count):
            if n < self.paced and n % 100 == 0:
                pace(0.005)
            yield Tick(n)
            n += 1


class Ordered(ab.Handler):
    """Holds that every message comes once, in order, and after those handlers that must have had it before."""

    def __init__(self, *, board: str, rank: int = -1, behind: list[str] | None = None) -> None:
        self.board = boards[board]
        self.rank = rank
        self.behind = behind or []
        self.next = 0

    @ab.on(Tick)
    def tick(self, message: Tick, meta: ab.Meta) -> None:
        board, n = self.board, message.n
        if n != self.next or meta.sequence != n:
            board.blame(f"{self.name} got {n} (sequence {meta.sequence}) where {self.next} was due")
        self.next = n + 1
        if self.rank >= 0:
            if board.turn != n * len(board.ranks) + self.rank:
                board.blame(f"{self.name} ran message {n} out of turn: {divmod(board.turn, len(board.ranks))}")
            board.turn += 1
        for other in self.behind:
            if board.done.get(other, -1) < n:
                board.blame(f"{self.name} ran message {n} before {other}, which is at {board.done.get(other, -1)}")
        board.done[self.name] = n


class Raising(ab.Handler):
    """Raises on one message in `every`, from message 1,000 on."""

    def __init__(self, *, every: int = 100, at: int = 0, first: int = 1_000) -> None:
        self.every = every
        self.at = at
        self.first = first

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        if message.n >= self.first and message.n % self.every == self.at:
            raise ValueError(f"tick {message.n}")


class Waiting(ab.Handler):
    """Waits at the board's gate with every message until it is open, and notes what it got."""

    def __init__(self, *, board: str) -> None:
        self.board = boards[board]

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        self.board.gate.wait(60)
        self.board.seen.setdefault(self.name, []).append(message.n)


class Noting(ab.Handler):
    """Notes the numbers it got."""

    def __init__(self, *, board: str) -> None:
        self.seen = boards[board].seen.setdefault(self.name, [])

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        self.seen.append(message.n)


class Sleeping(ab.Handler):
    """Takes 20 ms a message."""

    def __init__(self, *, board: str) -> None:
        self.board = boards[board]

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        self.board.seen.setdefault(self.name, []).append(message.n)
        self.board.stop.wait(0.02)
