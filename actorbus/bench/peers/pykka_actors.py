"""Pykka: a ThreadingActor in the caller's own process: `tell` for throughput, `ask` for round trips; nothing crosses.

The reader's process does both: its main thread tells for a turn, the actor's thread takes; the writer's only waits.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import pykka

from actorbus.bench.case import Case
from actorbus.bench.peers import handles
from actorbus.bench.peers.asking import round_trips
from actorbus.bench.peers.handles import CountingSink
from actorbus.bench.peers.native_floor import frames_of
from actorbus.bench.words import TURN, Latencies, Words

__all__ = [
    "ABOUT",
    "PACKAGE",
    "Receiver",
    "TellSink",
    "WaitingSource",
    "alone",
    "ran",
    "sink",
    "source",
]

ABOUT = "Actors with mailboxes in one process: nothing crosses to another; any Python object; no bound on a mailbox."
PACKAGE = "pykka"
QUEUED_MAX, BATCH = 10_000, 256


class Receiver(pykka.ThreadingActor):
    """Handles what it is told, and answers with it."""

    def __init__(self, handle: handles.Handle) -> None:
        super().__init__()
        self._handle = handle

    def on_receive(self, message: Any) -> Any:
        """Take a message."""
        self._handle(message)
        return message


class WaitingSource:
    """Sends nothing: who tells is in the reader's process."""

    def flood(self, words: Words, turn: int) -> int:
        """Wait until the turn ends."""
        while words[TURN] == turn:
            time.sleep(0.001)
        return 0

    def close(self) -> None:
        """Nothing to give back."""


class TellSink(CountingSink):
    """Tells an actor of the same process, and counts what the actor took."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._actor = Receiver.start(self._handle)
        self._chunks = itertools.cycle(list(itertools.batched(frames_of(case), BATCH)))

    def take(self, seconds: float) -> None:
        """Tell for so long; the actor's thread takes meanwhile, as the GIL goes to and fro."""
        inbox: Any = self._actor.actor_inbox
        tell, queued = self._actor.tell, inbox.qsize
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for message in next(self._chunks):
                tell(message)
            while queued() > QUEUED_MAX:  # the mailbox has no bound
                time.sleep(0.001)

    def close(self) -> None:
        """Stop the actor."""
        self._actor.stop()


def source(case: Case) -> WaitingSource:
    """Open the writing side."""
    return WaitingSource()


def sink(case: Case) -> TellSink:
    """Open the telling and taking side."""
    return TellSink(case)


def _nothing(message: object) -> None:
    """Take and forget."""


def alone(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Ask an actor of this process, one question after the other."""
    actor, answers = Receiver.start(_nothing), list[Any]()
    try:
        return round_trips(lambda body: answers.append(actor.ask(body)), answers.pop, warm_s, seconds)
    finally:
        actor.stop()


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (TellSink, Receiver, *handles.shown(case)),
        "alone": (alone, round_trips, Receiver),
    }
    return ways[way]
