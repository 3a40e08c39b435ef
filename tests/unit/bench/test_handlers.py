"""The handlers of our own cases read every message and count."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import actorbus as ab
from actorbus.bench import handlers, work


@pytest.mark.parametrize("make", [handlers.Sink, handlers.QuoteSink, handlers.FillSink, handlers.byte_sink(32)])
def test_a_sink_is_the_one_made_last(make: Callable[[], handlers.Counting]) -> None:
    made = make()

    assert handlers.last_made() is made
    assert handlers.last_made(type(made)) is made


def test_sinks_keep_a_number_of_every_message() -> None:
    sink = handlers.Sink()
    sink.quote(work.Quote(1, "A", 7, 8, 9))
    sink.fill(work.Fill(1, "A", 6, 1, 1))

    assert (sink.count, sink.last) == (2, 6)


def test_bodies_are_compared_with_what_must_come() -> None:
    sink = handlers.byte_sink(64)()
    bodies = work.bodies_of(64)
    sink.body(bodies[0])  # type: ignore[attr-defined] - the class is made in a function
    sink.body(bodies[1])  # type: ignore[attr-defined]
    assert (sink.count, sink.wrong) == (2, 0)
    sink.body(bodies[1])  # type: ignore[attr-defined]
    assert (sink.count, sink.wrong) == (3, 1)


def test_a_bystander_takes_its_type_alone() -> None:
    assert issubclass(handlers.bystander(work.Quote), ab.Handler)


def test_a_late_tick_is_recorded_and_one_of_the_warm_up_is_not() -> None:
    sink = handlers.TickSink()
    sink.tick(work.Tick(-1, 0))
    sink.tick(work.Tick(0, 0))

    assert (sink.count, sink.found.snapshot().count) == (2, 1)
