"""What users subclass: handlers, batch handlers, sources, outputs and the `@on` mark.

Rules of the room:
* This file knows nothing of threads, Aeron or YAML. It declares; the dispatcher and the actors read what it declared.
* One handler object is only ever called on one thread: its poller's (`dispatch: inline`) or one of its own (`dispatch:
  mailbox`). So a handler needs no lock.
* A subclass never has to call `super().__init__()`: clock, log, timers and outputs are attached before its own
  `__init__` runs.
* Thread: `on` and `Output(...)` are used where classes are written, on any thread; the rest says its own.
* Set state in `__init__`, not as class-level defaults: those cost twice the call (docs/performance.md).
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, final, overload

from actorbus.errors import UsageError

if TYPE_CHECKING:
    import datetime
    import logging

    import numpy as np

    from actorbus.clock import Clock
    from actorbus.dispatch.events import StreamEvent
    from actorbus.dispatch.meta import BatchMeta, Meta

__all__ = [
    "BatchHandler",
    "ColumnHandler",
    "Handler",
    "HandlerContext",
    "Output",
    "OutputPort",
    "PacedClock",
    "Source",
    "Timer",
    "batch_types",
    "declared_outputs",
    "is_async",
    "marked_methods",
    "on",
]

M = TypeVar("M")
M2 = TypeVar("M2")
M3 = TypeVar("M3")
M4 = TypeVar("M4")
M5 = TypeVar("M5")
M6 = TypeVar("M6")
H = TypeVar("H")
M_on = TypeVar("M_on")

_MARK = "__actorbus_on__"


class Timer(Protocol):
    """A timer of a handler: made by `Handler.every` and `Handler.after`, fired on the handler's own thread."""

    def cancel(self) -> None:
        """Never fire again. Idempotent; on the handler's own thread."""
        ...

    @property
    def active(self) -> bool:
        """True while it will still fire."""
        ...


class OutputPort(Protocol):
    """What an `Output` is wired to: the publication of one stream, as seen from the handler's thread."""

    def publish(self, message: object, /) -> int:
        """Send; returns the sequence, -1 when it waits, or raises a `Refused` (never waits on a poller's thread)."""
        ...


class PacedClock(Protocol):
    """The clock of a source: reads time, and sleeps so that a stop wakes it."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back."""
        ...

    def time_ns(self) -> int:
        """Nanoseconds since the epoch."""
        ...

    def sleep_until_ns(self, deadline_ns: int) -> bool:
        """Wait until `monotonic_ns()` reaches the deadline. False when the source is asked to stop: return then."""
        ...


class HandlerContext(Protocol):
    """What the runtime attaches to a handler before its `__init__` runs."""

    name: str
    log: logging.Logger
    clock: Clock

    def start_timer(self, after_ns: int, every_ns: int | None, callback: Callable[[], None]) -> Timer:
        """Put a timer into the wheel of the handler's thread."""
        ...


class _Marker(Protocol[M_on]):
    """What `on(A, B)` returns: a decorator for `method(self, message)` and `method(self, message, meta)`."""

    @overload
    def __call__(self, method: Callable[[H, M_on], None], /) -> Callable[[H, M_on], None]: ...
    @overload
    def __call__(self, method: Callable[[H, M_on, Meta], None], /) -> Callable[[H, M_on, Meta], None]: ...
    @overload
    def __call__(self, method: Callable[[H, M_on], Awaitable[None]], /) -> Callable[[H, M_on], Awaitable[None]]: ...
    @overload
    def __call__(
        self, method: Callable[[H, M_on, Meta], Awaitable[None]], /
    ) -> Callable[[H, M_on, Meta], Awaitable[None]]: ...


# One overload a count, because mypy joins the arguments of `*more: type[M]` to their common base, not to their union.
@overload
def on(first: type[M], /) -> _Marker[M]: ...
@overload
def on(first: type[M], second: type[M2], /) -> _Marker[M | M2]: ...
@overload
def on(first: type[M], second: type[M2], third: type[M3], /) -> _Marker[M | M2 | M3]: ...
@overload
def on(first: type[M], second: type[M2], third: type[M3], fourth: type[M4], /) -> _Marker[M | M2 | M3 | M4]: ...
@overload
def on(
    first: type[M], second: type[M2], third: type[M3], fourth: type[M4], fifth: type[M5], /, *more: type[M6]
) -> _Marker[M | M2 | M3 | M4 | M5 | M6]: ...
def on(first: type[object], /, *more: type[object]) -> object:
    """Mark a method of a `Handler` as the one that takes messages of these types.

    `@on(Bar)` takes `Bar`; `@on(Quote, TradePrint)` takes both; `@on(bytes)` takes the messages of a raw stream;
    `@on(object)` takes every message of the stream. The method takes `(self, message)` or `(self, message, meta)`;
    one that does not take `meta` pays nothing for it. It may be `async def` in a handler of `dispatch: mailbox`:
    awaited on an event loop of the handler's own, one message after the other. Marks are inherited; a subclass
    overrides by marking anew.

    Args:
        first: a message class, `bytes` or `object`.
        more: further message classes of the same method.

    Raises:
        UsageError: at once: not a message class, or what is marked takes not one or two arguments after `self`.
    """
    wanted = tuple(flat for given in (first, *more) for flat in _flatten(given))

    def mark(method: Any) -> Any:
        count = len(inspect.signature(method).parameters)
        if count not in (2, 3):
            raise UsageError(
                f"@on method {method.__qualname__} takes {count} parameters; "
                "it must take (self, message) or (self, message, meta)"
            )
        setattr(method, _MARK, wanted)
        return method

    return mark


def _flatten(given: object) -> tuple[type, ...]:
    if isinstance(given, types.UnionType) or typing.get_origin(given) is typing.Union:
        return tuple(flat for part in typing.get_args(given) for flat in _flatten(part))
    if isinstance(given, type) and (given.__module__ != "builtins" or given is object or given is bytes):
        return (given,)
    what = given.__qualname__ if isinstance(given, type) else repr(given)
    raise UsageError(f"@on takes message classes, got {what}; write @on(Bar) or @on(Quote, TradePrint)")


class Output(Generic[M]):
    """A way out of a handler: declared in the class, wired by the topology's `publishes: {name: stream}`.

    `alerts = ab.Output(Halt)` then `self.alerts.publish(Halt("EURUSD"))`. The types are checked against the stream's
    `messages` before anything starts. Thread: `publish` is the handler's own; a poller's never waits in it.

    Args:
        first: a message class.
        more: further message classes.

    Raises:
        UsageError: one of them is no class.
    """

    types: tuple[type, ...]
    name: str

    @overload
    def __init__(self, first: type[M], /) -> None: ...
    @overload
    def __init__(self: Output[M2 | M3], first: type[M2], second: type[M3], /) -> None: ...
    @overload
    def __init__(self: Output[M2 | M3 | M4], first: type[M2], second: type[M3], third: type[M4], /) -> None: ...
    @overload
    def __init__(
        self: Output[M2 | M3 | M4 | M5], first: type[M2], second: type[M3], third: type[M4], /, *more: type[M5]
    ) -> None: ...
    def __init__(self, first: type[object], /, *more: type[object]) -> None:
        self.types = tuple(flat for given in (first, *more) for flat in _flatten(given))
        self.name = "?"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def publish(self, message: M) -> int:
        """Send a message; returns its sequence. On the handler's own thread; a poller's thread never waits here.

        Refused on a poller's thread by a stream with policy `block`, the message goes into the poller's outbox and
        -1 is returned: it is sent, in order, when there is room; one that is there longer than the policy's timeout
        is dropped, counted, and told to the handler's `on_error` as `BackPressured`.

        Raises:
            BackPressured: refused by policy `raise`, or the outbox is full (unless caught, `on_error` gets it).
            NotConnected: nobody subscribes yet and the policy is `raise`.
            EncodeError: the message does not fit its own declaration; names the field and the value.
            UsageError: the output is not wired.
        """
        raise UsageError(
            f"output {self.name!r} is not wired, so {type(message).__name__} cannot be published: "
            f"add `publishes: {{{self.name}: STREAM}}` to the handler in the topology"
        )


class Handler:
    """Takes the messages of one or more streams, one at a time, on one thread.

    Order of calls: `__init__(**options)`, `on_start`, then messages, events and timers in the order they happen,
    `on_stop` last. An exception from a message method goes by the topology's `on_error` and never stops the stream.
    """

    _context: ClassVar[HandlerContext]  # really an instance attribute, attached before __init__

    @property
    @final
    def name(self) -> str:
        """The handler's name in the topology."""
        return self._context.name

    @property
    @final
    def clock(self) -> Clock:
        """The clock of the node: manual in tests."""
        return self._context.clock

    @property
    @final
    def log(self) -> logging.Logger:
        """A logger named after the handler."""
        return self._context.log

    def on_start(self) -> None:
        """Set up: runs on the handler's thread before the first message. An exception stops the start of the node."""

    def on_stop(self) -> None:
        """Clean up: runs on the handler's thread after the last message, also when the node ends by an error."""

    def on_event(self, event: StreamEvent, /) -> None:
        """Be told what happened to a stream: `Gap`, `PublisherJoined`, `PublisherLeft`, `Disconnected` and so on.

        Called in order with the messages, on the handler's thread: the `event` of a `Gap` comes before the message that
        follows it.
        """

    @final
    def every(self, interval: str | float | datetime.timedelta, callback: Callable[[], None], /) -> Timer:
        """Call `callback` every `interval` (`"1s"`, seconds, timedelta) on this handler's thread until cancelled.

        A tick that comes late is not repeated: the next is one interval after the one that was due. Returns the timer.

        Raises:
            UsageError: the interval is zero. InvalidValue: it is no duration.
        """
        from actorbus.units import duration_ns

        interval_ns = duration_ns(interval)
        if interval_ns <= 0:
            raise UsageError(f"every() takes an interval above zero, got {interval!r}")
        return self._context.start_timer(interval_ns, interval_ns, callback)

    @final
    def after(self, delay: str | float | datetime.timedelta, callback: Callable[[], None], /) -> Timer:
        """Call `callback` once, `delay` (`"1s"`, seconds, timedelta) from now, on this handler's thread; or cancel it.

        Returns the timer.

        Raises:
            InvalidValue: the delay is no duration.
        """
        from actorbus.units import duration_ns

        return self._context.start_timer(max(0, duration_ns(delay)), None, callback)


class BatchHandler(Handler, Generic[M]):
    """Takes the messages of its streams many at a time: `class Sums(ab.BatchHandler[Bar])`.

    A batch is what was waiting on the stream, up to 256 messages, in order. With `dispatch: inline` a batch handler
    gets it before the message-by-message handlers if it is above all of them in priority, else after them. What
    `on_batch` raises is one error, and settled for every message of the batch (`on_error: quarantine` keeps them all).
    Threads are as for any handler: one, always the same.
    """

    def on_batch(self, messages: Sequence[M], meta: BatchMeta, /) -> Awaitable[None] | None:
        """Handle messages; `meta[i]` says where message `i` came from, during the call. On the handler's thread.

        It returns nothing; it may be `async def` in a handler of `dispatch: mailbox`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define on_batch(self, messages, meta)")


class ColumnHandler(Handler, Generic[M]):
    """Takes the messages of struct streams as numpy arrays: `class Sums(ab.ColumnHandler[Tick])`; `dispatch: inline`.

    Needs `pip install numpy`. A batch is up to 2,048 messages where all handlers of the stream are column
    handlers, else 256; of several types it comes as one call a type. What `on_columns` raises settles all of them.
    """

    def on_columns(self, columns: np.ndarray[tuple[int], np.dtype[np.void]], meta: BatchMeta, /) -> None:
        """Handle messages, on the handler's thread: `columns["bid"]` is an array, `meta[i]` where record `i` came from.

        `columns` has one record a message, shape (messages,), a named column a field; read-only, over the batch itself.
        It is valid during the call: keep `columns.copy()`. (One that is kept all the same never changes.)
        """
        raise NotImplementedError(f"{type(self).__name__} must define on_columns(self, columns, meta)")


class Source(Generic[M]):
    """Produces messages by itself, on a thread of its own, into one stream.

    Subclass and write `produce`: what it yields is published under the stream's back-pressure policy; its end is
    "finished". Pace with `self.clock.sleep_until_ns(...)`, which returns False when the source is asked to stop.
    """

    name: str
    clock: PacedClock
    log: logging.Logger

    def produce(self) -> Iterator[M]:
        """Yield the messages in order. Runs on the source's own thread."""
        raise NotImplementedError(f"{type(self).__name__} must define produce(self) -> Iterator of messages")

    def on_start(self) -> None:
        """Set up on the source's thread before `produce`. An exception stops the start of the node."""

    def on_stop(self) -> None:
        """Clean up on the source's thread after the last message."""


def marked_methods(cls: type) -> list[tuple[str, tuple[type, ...], bool]]:
    """Return `(method name, types, takes meta)` for every `@on` method of a handler class, in order of definition.

    The order is that of the class bodies from the base down; an override without a mark unmarks.
    """
    found: dict[str, tuple[str, tuple[type, ...], bool]] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            wanted = getattr(member, _MARK, None)
            if wanted is not None:
                found[name] = (name, wanted, len(inspect.signature(member).parameters) == 3)
            else:
                found.pop(name, None)
    return list(found.values())


def is_async(cls: type) -> bool:
    """Return whether a handler class has `async def` methods that are marked with `@on`, or an async `on_batch`."""
    names = [name for name, _, _ in marked_methods(cls)]
    methods: list[object] = [getattr(cls, name) for name in names] + [getattr(cls, "on_batch", None)]
    return any(inspect.iscoroutinefunction(method) for method in methods)


def batch_types(cls: type) -> tuple[type, ...] | None:
    """Return what a batch or column handler class says it takes (`BatchHandler[Bar]`, else `object`); or None."""
    if not issubclass(cls, (BatchHandler, ColumnHandler)):
        return None
    for base in cls.__mro__:
        for generic in typing.cast("tuple[Any, ...]", vars(base).get("__orig_bases__", ())):
            if typing.get_origin(generic) in (BatchHandler, ColumnHandler):
                given = typing.get_args(generic)[0]
                return (object,) if isinstance(given, TypeVar) or given is Any else _flatten(given)
    return (object,)


def declared_outputs(cls: type) -> dict[str, tuple[type, ...]]:
    """Return the outputs a handler class declares: name to the message types it may publish."""
    found: dict[str, tuple[type, ...]] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            if isinstance(member, Output):
                found[name] = typing.cast("Output[object]", member).types
    return found
