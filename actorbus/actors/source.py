"""The publisher actor: runs one source on a thread of its own and publishes what it yields.

It waits under back pressure by the stream's policy; a refusal that outlives the policy's timeout ends the source and is
reported. A stop wakes a source that sleeps on its clock, closes its generator and runs its `on_stop`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, cast

from actorbus.actors.shell import Report, Shell
from actorbus.clock import Clock
from actorbus.dispatch import Source
from actorbus.errors import ActorBusError, ClosedError, HandlerFailed

__all__ = ["PublisherActor", "SourceSetup"]


class SourceSetup(NamedTuple):
    """One source to make on its own thread, and how to publish for it."""

    name: str
    stream: str
    cls: type[Source[object]]
    options: Mapping[str, object]
    publish: Callable[[object], int]


class _SourceClock:
    """A source's clock: sleeps on the actor's event, so that a stop wakes it (dispatch.handler.PacedClock)."""

    def __init__(self, actor: PublisherActor, clock: Clock) -> None:
        self._actor = actor
        self._clock = clock

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    def time_ns(self) -> int:
        return self._clock.time_ns()

    def sleep_until_ns(self, deadline_ns: int) -> bool:
        return self._actor.sleep_until(deadline_ns)


class PublisherActor(Shell):
    """Runs a `Source` until it is finished or the actor is stopped."""

    def __init__(self, setup: SourceSetup, clock: Clock, *, report: Report, finished: Callable[[str], None]) -> None:
        super().__init__(f"source-{setup.name}", report)
        self._setup = setup
        self._clock = clock
        self._finished = finished
        self._source: Source[object] | None = None
        self.published = 0
        self.sleeping_until_ns: int | None = None
        """The time on its clock that it waits for, while it does. Any thread, a snapshot."""
        self.ended = False
        """Whether it has published its last."""

    def on_start(self) -> None:
        """Make the source on this thread."""
        setup = self._setup
        source = setup.cls.__new__(setup.cls)
        source.name = setup.name
        source.clock = _SourceClock(self, self._clock)
        source.log = logging.getLogger(f"actorbus.sources.{setup.name}")
        try:
            source.__init__(**setup.options)  # in two steps, so that __init__ has its clock
            source.on_start()
        except ActorBusError as error:  # it says by itself whose fault it is: a wrong option is the topology's
            error.where = error.where or f"source {setup.name!r}"
            raise
        except BaseException as error:
            raise HandlerFailed(
                f"source {setup.name!r} ({setup.cls.__qualname__}) could not start: {type(error).__name__}: {error}"
            ) from error
        self._source = source

    def run(self) -> None:
        """Publish until the source ends, wait for the stop, and run the source's own `on_stop` last."""
        try:
            self._produce()
        except BaseException as error:  # noqa: BLE001 - reported to the supervisor; the actor still takes its stop
            if not (isinstance(error, ClosedError) and self.actor_stopped.is_set()):
                self.failed(self._explained(error))
        finally:
            self.ended = True
            self._finished(self._setup.name)
        super().run()
        if self._source is not None:
            try:
                self._source.on_stop()
            except BaseException as error:  # noqa: BLE001 - the others still end in order
                self.failed(self._explained(error))

    def _explained(self, error: BaseException) -> BaseException:
        if isinstance(error, ActorBusError):
            return error
        name = self._setup.name
        failed = HandlerFailed(
            f"source {name!r} raised {type(error).__name__} after {self.published} messages: {error}"
        )
        failed.__cause__ = error
        return failed

    def _produce(self) -> None:
        source = self._source
        if source is None:
            return
        messages: Iterator[object] = iter(source.produce())
        publish, inbox, stopped = self._setup.publish, self.inbox, self.actor_stopped
        count = 0
        try:
            for message in messages:
                publish(message)
                count += 1
                if not inbox.empty():
                    self._obey_waiting()
                if stopped.is_set():
                    return
        finally:
            self.published = count
            close = cast("Callable[[], None] | None", getattr(messages, "close", None))
            if close is not None:
                close()

    def _obey_waiting(self) -> None:
        while (entry := self.inbox.take_control()) is not None:
            self.obey(entry)

    def sleep_until(self, deadline_ns: int) -> bool:
        """Wait for a monotonic deadline or the stop; False when it is time to stop. The actor's thread."""
        while not self.actor_stopped.is_set():
            seen = self.inbox.event.value
            self._obey_waiting()
            if self.actor_stopped.is_set():
                return False
            if self._clock.monotonic_ns() >= deadline_ns:
                self.sleeping_until_ns = None
                return True
            self.sleeping_until_ns = deadline_ns
            self.inbox.event.wait(seen, deadline_ns)
        return False
