"""Looks over the shoulder of every handler: keeps what it raises, and makes it raise when a test says so.

A watched class is a subclass made for one bus, whose marked methods, `on_batch` and `on_event` pass through here. The
runtime sees the exception as it was, so `on_error`, counters and restarts do what they always do.
Thread: handlers' threads note, the test's asks; one lock and condition.
"""

from __future__ import annotations

import functools
import inspect
import time
import types
from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Any, NamedTuple, cast

from actorbus.dispatch import Handler
from actorbus.dispatch.handler import marked_methods

__all__ = ["HandlerError", "Watch", "watched"]


class HandlerError(NamedTuple):
    """An exception that left a handler."""

    handler: str
    error: BaseException


class Watch:
    """What the handlers of one bus raised, what they are to raise, and which objects they are."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._errors: list[HandlerError] = []
        self._excused: list[HandlerError] = []
        self._faults: dict[str, deque[BaseException]] = {}
        self._objects: dict[str, Handler] = {}

    # -- the handlers' side ------------------------------------------------------------------------------------------

    def started(self, name: str, handler: Handler) -> None:
        """Note the object that is the handler now: a restart makes another."""
        with self._changed:
            self._objects[name] = handler

    def fault(self, name: str) -> BaseException | None:
        """Take the error this handler is to raise now, if there is one. It is excused: the test asked for it."""
        with self._changed:
            planned = self._faults.get(name)
            if not planned:
                return None
            error = planned.popleft()
            self._excused.append(HandlerError(name, error))
            self._changed.notify_all()
            return error

    def raised(self, name: str, error: BaseException) -> None:
        """Note what left a handler."""
        with self._changed:
            self._errors.append(HandlerError(name, error))
            self._changed.notify_all()

    # -- the test's side ---------------------------------------------------------------------------------------------

    def plan(self, name: str, error: BaseException, times: int) -> None:
        """Make the handler raise `error` for the next so many calls."""
        with self._changed:
            self._faults.setdefault(name, deque()).extend([error] * times)

    def handler(self, name: str) -> Handler | None:
        """Return the handler's object, None before it started."""
        with self._changed:
            return self._objects.get(name)

    def excuse(self, name: str, kind: type[BaseException], within_s: float) -> BaseException | None:
        """Wait for an error of a kind and take it, so that it fails nothing; None when none came in time."""
        deadline = time.monotonic() + within_s
        with self._changed:
            while True:
                for found in self._errors:
                    if found.handler == name and isinstance(found.error, kind):
                        self._errors.remove(found)
                        self._excused.append(found)
                        return found.error
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def unexpected(self) -> list[HandlerError]:
        """Return what handlers raised and nobody expected, in order."""
        with self._changed:
            return list(self._errors)

    def excused(self) -> list[HandlerError]:
        """Return what was raised as planned or expected."""
        with self._changed:
            return list(self._excused)


def watched(cls: type[Handler], name: str, watch: Watch) -> type[Handler]:
    """Return a subclass of a handler class that tells `watch` what happens to the handler `name`."""
    members: dict[str, object] = {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "on_start": _starting(cls.on_start, name, watch),
        "on_event": _passing(cls.on_event, name, watch, faults=False),
    }
    through = [method for method, _, _ in marked_methods(cls)]
    if hasattr(cls, "on_batch"):
        through.append("on_batch")
    for method in through:
        members[method] = _passing(cast("Callable[..., object]", getattr(cls, method)), name, watch, faults=True)
    return types.new_class(cls.__name__, (cls,), exec_body=lambda space: space.update(members))


def _starting(function: Callable[[Any], object], name: str, watch: Watch) -> Callable[[Handler], object]:
    @functools.wraps(function)
    def on_start(self: Handler) -> object:
        watch.started(name, self)
        return function(self)

    return on_start


def _passing(function: Callable[..., object], name: str, watch: Watch, *, faults: bool) -> Callable[..., object]:
    def begin() -> None:
        error = watch.fault(name) if faults else None
        if error is not None:
            raise _Planned(error)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def asynchronous(*arguments: object) -> object:
            try:
                begin()
                return await function(*arguments)
            except _Planned as planned:
                raise planned.error from None
            except Exception as error:
                watch.raised(name, error)
                raise

        return asynchronous

    @functools.wraps(function)
    def synchronous(*arguments: object) -> object:
        try:
            begin()
            return function(*arguments)
        except _Planned as planned:
            raise planned.error from None
        except BaseException as error:
            watch.raised(name, error)
            raise

    return synchronous


class _Planned(Exception):
    """Carries a planned error past the note of unplanned ones."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error
