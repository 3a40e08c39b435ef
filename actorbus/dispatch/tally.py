"""How many messages each handler of a poller's thread was given, without counting them one by one.

Native code counts the messages of each type; a handler's are those of the types it takes, less what came while it was
out. Thread: the poller's, and `type_counts` any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from actorbus.dispatch.routes import Route, takes
from actorbus.dispatch.state import HandlerState

__all__ = ["Tally"]


class Counted(Protocol):
    """What a tally needs of a port."""

    @property
    def type_counts(self) -> list[tuple[int, int]]: ...


class Tally:
    """The counts of one stream. A handler that is out has a note of how many it had been given when it left."""

    def __init__(self, port: Counted, types: Mapping[int, type], states: Mapping[str, HandlerState]) -> None:
        self._port = port
        self._types = types
        self._states = states
        self._undecoded: dict[int, int] = {}
        self._left_at: dict[str, int] = {}
        self._missed: dict[str, int] = {}
        self._taken_ids: dict[type, tuple[int, ...]] = {}

    def not_decoded(self, type_id: int) -> int:
        """Note a message that no handler was given, because it could not be decoded; returns how many of its type."""
        self._undecoded[type_id] = count = self._undecoded.get(type_id, 0) + 1
        return count

    def type_counts(self) -> dict[int, int]:
        """Return how many messages of each type id were handed to handlers so far."""
        return {type_id: count - self._undecoded.get(type_id, 0) for type_id, count in self._port.type_counts}

    def came_for(self, route: Route, counts: Mapping[int, int] | None = None) -> int:
        """Return how many messages came that a handler takes, whether it was there or not.

        `counts`: those of `type_counts`, when the caller asks for many handlers at once.
        """
        counts = self.type_counts() if counts is None else counts
        return sum(counts.get(type_id, 0) for type_id in self._ids(type(route.handler)))

    def _ids(self, cls: type) -> tuple[int, ...]:
        """Return the ids a class takes: worked out once, as flushing asks for every handler four times a second."""
        found = self._taken_ids.get(cls)
        if found is None:
            found = tuple(type_id for type_id, message_type in self._types.items() if takes(cls, message_type))
            self._taken_ids[cls] = found
        return found

    def leave(self, name: str, came: int) -> None:
        """Note that a handler is out since `came` messages; who is out already stays so."""
        self._left_at.setdefault(name, came)

    def come_back(self, route: Route) -> None:
        """Note that a handler is there again: what came meanwhile it missed."""
        came = self.came_for(route)
        missed = came - self._left_at.pop(route.name, came)
        self._missed[route.name] = self._missed.get(route.name, 0) + missed

    def messages(self, routes: Sequence[Route]) -> dict[str, int]:
        """Return how many messages each handler was given."""
        counts = self.type_counts()
        return {
            route.name: self._left_at.get(route.name, self.came_for(route, counts)) - self._missed.get(route.name, 0)
            for route in routes
        }

    def dead_letters(self, routes: Sequence[Route]) -> dict[str, int]:
        """Return how many messages came for each handler while it was out because of an error."""
        dead = {route.name: self._missed.get(route.name, 0) for route in routes}
        for route in routes:
            state = self._states[route.name]
            if (state.away or state.failed) and route.name in self._left_at:
                dead[route.name] += self.came_for(route) - self._left_at[route.name]
        return dead
