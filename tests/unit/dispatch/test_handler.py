from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

import actorbus.dispatch as d
from actorbus.clock import ManualClock
from actorbus.errors import UsageError


class A: ...


class B: ...


def test_marks_are_inherited_and_an_unmarked_override_unmarks() -> None:
    class Base(d.Handler):
        @d.on(A)
        def a(self, message: A) -> None: ...

        @d.on(B)
        def b(self, message: B, meta: d.Meta) -> None: ...

    class Sub(Base):
        def a(self, message: A) -> None: ...

    assert d.marked_methods(Base) == [("a", (A,), False), ("b", (B,), True)]
    assert d.marked_methods(Sub) == [("b", (B,), True)]


def test_a_mark_takes_several_types_and_unions() -> None:
    class Both(d.Handler):
        @d.on(A | B)  # type: ignore[arg-type]
        def union(self, message: A | B) -> None: ...

        @d.on(A, B)
        def two(self, message: A | B) -> None: ...

    assert [types for _, types, _ in d.marked_methods(Both)] == [(A, B), (A, B)]


@pytest.mark.parametrize(("given", "told"), [("Bar", "'Bar'"), (int, "int"), (dict, "dict"), (int | str, "int")])
def test_a_mark_refuses_what_is_no_message_class_where_it_stands(given: Any, told: str) -> None:
    with pytest.raises(UsageError, match=f"@on takes message classes, got {told}"):
        d.on(given)


def test_a_mark_refuses_a_method_of_the_wrong_shape() -> None:
    with pytest.raises(UsageError, match="takes 1 parameters"):

        class Wrong(d.Handler):
            @d.on(A)  # type: ignore[arg-type]
            def a(self) -> None: ...


def test_async_methods_are_marked_and_told_apart() -> None:
    class Slow(d.Handler):
        @d.on(A)
        async def a(self, message: A) -> None: ...

    class SlowBatches(d.BatchHandler[A]):
        async def on_batch(self, messages: object, meta: object) -> None: ...

    class Quick(d.Handler):
        @d.on(A)
        def a(self, message: A) -> None: ...

    assert [d.is_async(cls) for cls in (Slow, SlowBatches, Quick)] == [True, True, False]


def test_an_output_that_is_not_wired_says_how_to_wire_it() -> None:
    class Publishes(d.Handler):
        alerts = d.Output(A, B)

    assert d.declared_outputs(Publishes) == {"alerts": (A, B)}
    with pytest.raises(UsageError, match="publishes: {alerts: STREAM}"):
        Publishes().alerts.publish(A())


class Context:
    def __init__(self) -> None:
        self.name = "h"
        self.clock = ManualClock()
        self.log = logging.getLogger("test")
        self.timers: list[tuple[int, int | None]] = []

    def start_timer(self, after_ns: int, every_ns: int | None, callback: Callable[[], None]) -> d.Timer:
        self.timers.append((after_ns, every_ns))
        return None  # type: ignore[return-value]


def test_a_handler_reaches_what_it_was_given_without_calling_super() -> None:
    class Own(d.Handler):
        def __init__(self) -> None:
            self.own = self.name

    context = Context()
    handler = Own.__new__(Own)
    handler.__dict__["_context"] = context
    handler.__init__()  # type: ignore[misc]

    assert (handler.own, handler.clock, handler.log) == ("h", context.clock, context.log)


def test_timers_take_text_and_seconds_and_refuse_zero() -> None:
    handler = d.Handler()
    context = Context()
    handler.__dict__["_context"] = context

    handler.every("250ms", print)
    handler.after(1.5, print)

    assert context.timers == [(250_000_000, 250_000_000), (1_500_000_000, None)]
    with pytest.raises(UsageError, match="above zero"):
        handler.every("0s", print)


def test_a_source_must_say_what_it_produces() -> None:
    with pytest.raises(NotImplementedError, match="must define produce"):
        d.Source().produce()
