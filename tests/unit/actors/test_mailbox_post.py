"""The poller's end of a mailbox: when it pauses the stream, and what each policy drops, exactly."""

from __future__ import annotations

import threading

import pytest

from actorbus.actors.shell import launch
from actorbus.metrics import HandlerCounter
from tests.unit.actors.test_mailbox_handler import Bench, until


def test_a_full_mailbox_holds_its_stream_until_it_is_half_empty() -> None:
    gate = threading.Event()
    bench = Bench(room=4, gate=gate)
    launch(bench.actor)
    bench.send(1)
    until(lambda: not bench.actor.inbox.statistics().messages)
    bench.send(2, 3)
    assert not bench.poller.held
    bench.send(4, 5)
    assert bench.poller.held == {("ticks", ("mailbox", "h"))}
    gate.set()
    assert bench.empty()
    assert not bench.poller.held
    assert bench.stop()[HandlerCounter.MESSAGES] == 5


@pytest.mark.parametrize(
    ("overflow", "left"), [("drop_newest", [1, 2, 3, 4]), ("drop_oldest", [1, 4, 5, 6]), ("conflate", [1, 4, 5, 6])]
)
def test_what_does_not_fit_is_dropped_by_policy_and_counted(overflow: str, left: list[int]) -> None:
    gate = threading.Event()
    bench = Bench(room=3, overflow=overflow, gate=gate)
    launch(bench.actor)
    bench.send(1)
    until(lambda: not bench.actor.inbox.statistics().messages)
    bench.send(2, 3)
    bench.send(4, 5)
    bench.send(6)
    gate.set()
    assert bench.empty()
    cells = bench.stop()

    assert bench.log[1:-1] == left
    assert (cells[HandlerCounter.MESSAGES], cells[HandlerCounter.DROPPED]) == (4, 2)


def test_raise_makes_every_message_that_does_not_fit_an_error_and_a_dead_letter() -> None:
    gate = threading.Event()
    bench = Bench(room=2, overflow="raise", on_error="quarantine", gate=gate)
    launch(bench.actor)
    bench.send(1)
    until(lambda: not bench.actor.inbox.statistics().messages)
    bench.send(2, 3, 4, 5)
    gate.set()
    assert bench.empty()
    cells = bench.stop()

    assert [place for place, _ in bench.poller.rejected] == [2, 3]
    assert "MailboxFull" in bench.poller.rejected[0][1]
    assert (cells[HandlerCounter.ERRORS], cells[HandlerCounter.DEAD_LETTERS]) == (2, 2)
