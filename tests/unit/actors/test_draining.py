"""The rounds of a drain, over fakes that count how often they were asked."""

from __future__ import annotations

from typing import cast

import pytest

from actorbus.actors import draining
from actorbus.actors.draining import Draining
from actorbus.actors.endpoints import Endpoints
from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.poller import Drain, EndHandlers, PollerActor
from actorbus.clock import ManualClock

SECOND = 1_000_000_000


class Outbox(list[int]):
    def give_up(self) -> None:
        self.clear()


class FakePoller:
    def __init__(self) -> None:
        self.outbox = Outbox()
        self.asked: list[object] = []


class FakeEndpoints:
    def __init__(self, poller: FakePoller, positions: list[int]) -> None:
        self.poller = poller
        self.positions = positions
        self.words: list[str] = []
        self.flushes = 0

    def flush(self) -> bool:
        self.flushes += 1
        return True

    def drain_targets(self) -> dict[FakePoller, list[tuple[str, int, int]]]:
        position = self.positions.pop(0) if len(self.positions) > 1 else self.positions[0]
        return {self.poller: [("s", 1, position)]} if position else {}

    def give_up(self) -> None:
        self.words.append("give_up")

    def farewell(self) -> None:
        self.words.append("farewell")


class FakeMailboxes:
    def __init__(self) -> None:
        self.finished: list[tuple[str, ...]] = []

    def empty(self, deadline_ns: int) -> bool:
        return True

    def finish(self, names: tuple[str, ...], deadline_ns: int) -> bool:
        self.finished.append(tuple(names))
        return True


class Bench:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, *positions: int, answer: bool = True) -> None:
        self.poller = FakePoller()
        self.endpoints = FakeEndpoints(self.poller, list(positions))
        self.mailboxes = FakeMailboxes()

        def ask(poller: FakePoller, message: object, timeout: float) -> object:
            poller.asked.append(message)
            return message() if callable(message) else answer

        monkeypatch.setattr(draining, "ask", ask)
        self.draining = Draining(
            cast("Endpoints", self.endpoints),
            [cast("PollerActor", self.poller)],
            cast("Mailboxes", self.mailboxes),
            ManualClock(),
            ManualClock().monotonic_ns() + SECOND,
        )


def test_rounds_go_on_until_one_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, 64, 128, 128, 128)

    assert bench.draining.run()
    assert [order.targets[0][2] for order in bench.poller.asked if isinstance(order, Drain)] == [64, 128]


def test_a_poller_that_is_cut_off_ends_the_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, 64, answer=False)

    assert not bench.draining.run()


def test_a_node_that_publishes_nothing_to_itself_only_waits_for_its_mailboxes(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, 0)

    assert bench.draining.run()
    assert bench.poller.asked == []


def test_handlers_end_level_by_level_with_a_drain_after_each(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, 64)

    assert bench.draining.end_handlers([("a", "b"), ("c",)])
    kinds = [type(message) for message in bench.poller.asked]
    assert kinds == [Drain, EndHandlers, Drain, EndHandlers, Drain]
    assert bench.mailboxes.finished == [("a", "b"), ("c",)]


def test_what_is_left_is_given_up_before_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, 0)
    bench.poller.outbox.append(1)
    bench.draining.give_up()

    assert bench.poller.outbox == []
    assert bench.endpoints.words == ["give_up", "farewell"]
