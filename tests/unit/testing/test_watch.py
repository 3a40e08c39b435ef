from __future__ import annotations

import asyncio
import threading

import pytest

import actorbus as ab
from actorbus.dispatch.handler import declared_outputs, marked_methods
from actorbus.testing.watch import HandlerError, Watch, watched


class Careful(ab.Handler):
    """Raises when it is told to."""

    alerts = ab.Output(ab.Event)

    def __init__(self, *, word: str = "no") -> None:
        self.word = word
        self.heard: list[object] = []

    @ab.on(ab.Status)
    def status(self, message: ab.Status, meta: ab.Meta) -> None:
        self.heard.append(message)

    @ab.on(bytes)
    def raw(self, message: bytes) -> None:
        if message == b"raise":
            raise ValueError(self.word)
        self.heard.append(message)

    def on_event(self, event: ab.StreamEvent, /) -> None:
        raise KeyError(event)


def test_a_watched_class_declares_what_the_class_declares() -> None:
    cls = watched(Careful, "h", Watch())
    assert issubclass(cls, Careful)
    assert marked_methods(cls) == marked_methods(Careful)
    assert declared_outputs(cls) == declared_outputs(Careful)
    assert (cls.__name__, cls.__qualname__, cls.__module__, cls.__doc__) == (
        "Careful",
        "Careful",
        __name__,
        "Raises when it is told to.",
    )


def test_what_it_raises_is_kept_and_raised_on() -> None:
    watch = Watch()
    made = watched(Careful, "h", watch)()
    assert isinstance(made, Careful)
    made.raw(b"fine")
    with pytest.raises(ValueError, match="no"):
        made.raw(b"raise")
    with pytest.raises(KeyError):
        made.on_event(ab.EventsLost(stream="s", session=1, time_ns=0, count=1))
    assert [(name, type(error)) for name, error in watch.unexpected()] == [("h", ValueError), ("h", KeyError)]
    assert made.heard == [b"fine"]


def test_a_planned_error_comes_in_place_of_the_call_and_is_excused() -> None:
    watch = Watch()
    made = watched(Careful, "h", watch)()
    assert isinstance(made, Careful)
    planned = RuntimeError("planned")
    watch.plan("h", planned, 2)
    watch.plan("other", ValueError(), 1)
    for _ in range(2):
        with pytest.raises(RuntimeError) as caught:
            made.raw(b"fine")
        assert caught.value is planned
    made.raw(b"fine")
    assert made.heard == [b"fine"]
    assert watch.unexpected() == []
    assert watch.excused() == [HandlerError("h", planned)] * 2


def test_an_error_is_taken_once_by_who_expects_it() -> None:
    watch = Watch()
    watch.raised("h", KeyError("k"))
    assert watch.excuse("h", ValueError, 0) is None
    assert watch.excuse("other", KeyError, 0) is None
    assert isinstance(watch.excuse("h", LookupError, 0), KeyError)
    assert watch.excuse("h", LookupError, 0) is None
    assert watch.unexpected() == []


def test_it_waits_for_an_error_that_is_still_to_come() -> None:
    watch = Watch()
    thread = threading.Thread(target=lambda: watch.raised("h", ValueError("late")))
    thread.start()
    assert isinstance(watch.excuse("h", ValueError, 10), ValueError)
    thread.join(5)


def test_the_newest_object_is_the_handler() -> None:
    watch = Watch()
    cls = watched(Careful, "h", watch)
    assert watch.handler("h") is None
    for _ in range(2):  # as a restart does
        made = cls()
        made.on_start()
        assert watch.handler("h") is made


def test_coroutines_are_watched_too() -> None:
    class Slow(ab.Handler):
        async def on_batch(self, messages: object) -> None:
            raise ValueError(messages)

    watch = Watch()
    made = watched(Slow, "h", watch)()
    assert isinstance(made, Slow)
    watch.plan("h", RuntimeError("first"), 1)
    with pytest.raises(RuntimeError, match="first"):
        asyncio.run(made.on_batch("x"))
    with pytest.raises(ValueError, match="x"):
        asyncio.run(made.on_batch("x"))
    assert [type(error) for _, error in watch.unexpected()] == [ValueError]
