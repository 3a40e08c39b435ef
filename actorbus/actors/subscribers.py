"""What `node.subscribe` opened in one life of a node: an actor, a queue and a subscription each, live or replayed.

Thread: the session supervisor's. `Subscription.close` any, through the exit stack of its own.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence

from actorbus.actors.endpoints import Endpoints
from actorbus.actors.parts import ReplayPart
from actorbus.actors.replays import open_replayed
from actorbus.actors.shell import Report, join, launch
from actorbus.actors.subscriber import BatchQueue, SubscriberActor, Subscription
from actorbus.clock import Clock
from actorbus.dispatch import StreamEvent
from actorbus.ffi import Idle, PollSet, replay_state
from actorbus.metrics import CounterBlock, Statistics

__all__ = ["Subscribers"]

JOIN_S = 5.0
REPLAYED_BATCH = (1024, 262_144)
"""Messages and bytes of a batch that begins with a recording: four times a live one, since each changes threads."""


class Subscribers:
    """All subscriptions of the application in one session."""

    def __init__(self, clock: Clock, *, report: Report, on_event: Callable[[StreamEvent], None]) -> None:
        self._clock = clock
        self._report = report
        self._on_event = on_event
        self._numbers: dict[str, set[int]] = {}
        """Of each stream's open subscriptions. Counters are never freed, so a number is used again."""
        self.blocks: dict[str, CounterBlock] = {}
        """Counters by STREAM-NUMBER, of closed subscriptions too."""
        self._undo = contextlib.ExitStack()

    def open(
        self,
        endpoints: Endpoints,
        statistics: Statistics,
        name: str,
        types: Sequence[type],
        replay: ReplayPart | None = None,
    ) -> Subscription[object]:
        """Start a subscriber actor on a stream.

        Raises:
            RecordingError: what is wrong with the recording, or with the place in it. As `Client.add_subscription`.
        """
        part = endpoints[name].part
        used = self._numbers.setdefault(name, set())
        with contextlib.ExitStack() as opening:
            number = next(number for number in itertools.count(1) if number not in used)
            used.add(number)
            opening.callback(used.discard, number)
            label = f"{name}-{number}"
            counters = self.blocks[label] = statistics.counter_block("subscription", label)
            batch = None if replay is None else REPLAYED_BATCH
            subscription = open_replayed(endpoints, name, types, counters, replay, batch)
            opening.callback(subscription.close)
            waiting = PollSet()
            opening.callback(waiting.close)
            waiting.add(subscription)
            queue = BatchQueue()
            actor = SubscriberActor(
                label,
                name,
                subscription.port,
                part.decoding(tuple(types)),
                queue,
                self._clock,
                report=self._report,
                on_event=self._on_event,
                replay_error=lambda: replay_state(subscription.handle, name).error,
            )
            event = actor.inbox.event
            reading = None if replay is None else waiting.waiter(event, Idle("backoff", spin_passes=0))
            actor.assemble(waiting.waiter(event, Idle.backoff()), reading)
            launch(actor)
            opening.callback(_end, actor)
            closing = opening.pop_all()
        self._undo.callback(closing.close)
        return Subscription(name, queue, closing.close)

    def end(self) -> None:
        """Close all, newest first. Again does nothing."""
        self._undo.close()


def _end(actor: SubscriberActor) -> None:
    actor.request_stop()
    join(actor, JOIN_S)
