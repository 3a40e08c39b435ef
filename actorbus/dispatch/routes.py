"""Which method of which handler takes which type, in which order (inv_priority_order).

A `Route` is one handler on one stream. `calls_for` answers, for a message type, the calls to make: handlers from high
priority to low, ties in the order of the file. Within a handler an exact `@on(Type)` wins over `@on(object)`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from actorbus.dispatch.handler import Handler, batch_types, marked_methods
from actorbus.errors import UsageError

__all__ = ["Call", "Route", "calls_for", "in_priority_order", "taken_types", "takes", "takes_all"]


class Route(NamedTuple):
    """A handler on a stream. `order` is its place in the file."""

    name: str
    handler: Handler
    priority: int
    order: int


class Call(NamedTuple):
    """One call to make for a message: `function(message)` or `function(message, meta)`."""

    route: Route
    function: Callable[..., Any]
    takes_meta: bool
    posted: bool = False
    """It hands the message to another thread, instead of handling it."""


def in_priority_order(routes: Iterable[Route]) -> list[Route]:
    """Sort from high priority to low; equal ones stay in the order of the file."""
    return sorted(routes, key=lambda route: (-route.priority, route.order))


@functools.lru_cache(maxsize=1024)
def _methods_by_type(cls: type) -> Mapping[type, tuple[str, bool]]:
    whole = batch_types(cls)
    if whole is not None:
        if marked := marked_methods(cls):
            raise UsageError(
                f"{cls.__qualname__} takes whole batches and marks {marked[0][0]!r} with @on; "
                "take the messages in on_batch or on_columns, or subclass Handler"
            )
        return dict.fromkeys(whole, ("on_batch", True))
    methods: dict[type, tuple[str, bool]] = {}
    for name, wanted, takes_meta in marked_methods(cls):
        for message_type in wanted:
            if message_type in methods:
                raise UsageError(
                    f"{cls.__qualname__} marks two methods for {message_type.__name__}: "
                    f"{methods[message_type][0]!r} and {name!r}; a type has one method in a handler"
                )
            methods[message_type] = (name, takes_meta)
    return methods


def calls_for(routes: Sequence[Route], message_type: type) -> list[Call]:
    """Return the calls for a message of this type, in the order they are made.

    Raises:
        UsageError: a handler class marks two methods for one type.
    """
    calls: list[Call] = []
    for route in in_priority_order(routes):
        methods = _methods_by_type(type(route.handler))
        found = methods.get(message_type) or methods.get(object)
        if found is not None:
            name, takes_meta = found
            calls.append(Call(route, getattr(route.handler, name), takes_meta))
    return calls


def takes(cls: type, message_type: type) -> bool:
    """Return whether handlers of a class take messages of a type."""
    methods = _methods_by_type(cls)
    return message_type in methods or object in methods


def takes_all(cls: type, declared: Iterable[type]) -> bool:
    """Return whether handlers of a class take every one of the declared types."""
    methods = _methods_by_type(cls)
    return object in methods or all(message_type in methods for message_type in declared)


def taken_types(handlers: Iterable[type[Handler]], declared: Iterable[type]) -> list[type]:
    """Return those of the stream's declared types that some handler class takes, in the order declared."""
    marked: set[type] = set()
    for cls in handlers:
        marked |= _methods_by_type(cls).keys()
    return [message_type for message_type in declared if message_type in marked or object in marked]
