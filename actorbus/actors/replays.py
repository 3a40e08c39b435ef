"""Subscriptions that begin with a recording: Aeron's with a replay in front, or one that reads the recording alone.

Thread: the session supervisor's opens and closes; the port belongs to who polls it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from actorbus.actors.endpoints import Endpoints
from actorbus.actors.parts import ReplayPart, StreamPart
from actorbus.dispatch import Port
from actorbus.ffi import FollowHandle, PollPort, ReplayOrder, attach_replay, make_poll_port
from actorbus.metrics import CounterBlock

__all__ = ["FollowedSubscription", "Opened", "open_replayed"]


class Opened(Protocol):
    """An open subscription, live or not."""

    @property
    def handle(self) -> int: ...
    @property
    def port(self) -> Port: ...
    def close(self) -> None: ...


class FollowedSubscription:
    """A subscription whose messages come from a recording alone, as it grows. No driver has a part in it."""

    def __init__(
        self,
        part: StreamPart,
        taken: Sequence[type],
        counters: CounterBlock | None = None,
        batch: tuple[int, int] | None = None,
    ) -> None:
        wanted = set(taken)
        self._handle = FollowHandle.open(f"recording of stream {part.name}")
        try:
            self._handle.configure(
                framed=part.framed,
                format_id=part.format_id,
                types=[(type_id, part.versions[type_id], cls in wanted) for type_id, cls in part.types.items()],
                counters=None if counters is None else counters.address,
                layouts=part.layouts,
                batch=batch,
            )
            self.port: PollPort = make_poll_port(self._handle.handle)
            """What its poller takes batches from."""
        except BaseException:
            self.close()
            raise

    @property
    def handle(self) -> int:
        """The native handle, for a poll set."""
        return self._handle.handle

    def close(self) -> None:
        """Close it. Its poller's thread must be done with it; again does nothing."""
        self._handle.close(0)


def open_replayed(
    endpoints: Endpoints,
    name: str,
    taken: Sequence[type],
    counters: CounterBlock,
    replay: ReplayPart | None,
    batch: tuple[int, int] | None = None,
) -> Opened:
    """Open a subscription that takes these types of a stream, with what is to be replayed first (None: nothing).

    Raises:
        RecordingError: what is wrong with the recording, or with the place in it. As `Client.add_subscription`.
    """
    if replay is None:
        return endpoints.subscribe(name, taken, counters, batch)
    tape = replay.find()
    join = replay.end is None
    subscription: Opened = (
        endpoints.subscribe(name, taken, counters, batch)
        if join
        else FollowedSubscription(endpoints[name].part, taken, counters, batch)
    )
    try:
        order = ReplayOrder(tape.directory, tape.numbers, replay.start, replay.end, replay.speed, join)
        attach_replay(subscription.handle, order)
    except BaseException:
        subscription.close()
        raise
    return subscription
