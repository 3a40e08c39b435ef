"""The subscriber actor: reads one stream for `node.subscribe`, on a thread and an Aeron subscription of its own.

    Aeron --> actor's thread: poll, decode --> bounded queue of batches --> the application's `for message in ...`

When the queue is full the actor stops polling: the messages wait in Aeron's term buffer (D2), and a slow application is
back pressure like any slow subscriber. Nothing is dropped. While a recording is replayed, live messages are let go by
also then: the recording has them, and no publisher waits for a replay. A body that cannot be decoded is counted and
quarantined.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from operator import length_hint
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, TypeVar, cast

from actorbus.actors.poller import Waiter
from actorbus.actors.shell import Report, Shell
from actorbus.clock import Clock
from actorbus.codec import Decoding
from actorbus.dispatch import MetaCopy, Port, ReplayEnded, ReplayFailed, ReplayJoined, StreamEvent
from actorbus.dispatch.meta import copy_of
from actorbus.dispatch.notices import event_of
from actorbus.dispatch.parcel import PLACE, RECORD, place_at, record_at
from actorbus.dispatch.port import REASON_DECODE
from actorbus.errors import ClosedError, RecordingError

__all__ = ["Batch", "BatchQueue", "SubscriberActor", "Subscription"]

M = TypeVar("M")
ROOM_MESSAGES = 65_536
ROOM_BYTES = 64 << 20
"""Bounds of the queue between the actor and the application (reliability A10: 65,536 messages and 64 MiB)."""
PARK_NS = 1_000_000
"""Pause of an actor whose queue is full: it looks again every millisecond."""


class Batch(NamedTuple):
    """Decoded messages and where each came from, side by side."""

    messages: list[object]
    records: bytes
    """As the port packs them: an object a message is only made for who asks (`record_at`)."""
    bytes: int
    places: bytes | None = None
    """In the recording, as the port packs them; None: all came live."""


class _Left:
    """A batch that is being read: what is left of it is for the next who reads."""

    __slots__ = ("batch", "messages")

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.messages = iter(batch.messages)

    def __bool__(self) -> bool:
        return length_hint(self.messages) > 0

    def all(self) -> list[object]:
        """Take what is left."""
        return list(self.messages)

    def meta(self, stream: str) -> MetaCopy:
        """Return where the message that was taken last came from."""
        batch = self.batch
        at = len(batch.messages) - length_hint(self.messages) - 1
        return copy_of(stream, record_at(batch.records, at), place_at(batch.places, at))


class BatchQueue:
    """A bounded queue of batches between one actor and one consumer.

    It takes no lock of Python's: Ctrl-C may end the consumer between any two bytecodes, also between taking a lock and
    entering the block that gives it back, and the actor would then wait for that lock for ever. `SimpleQueue` is safe
    there, and every count has one writer.
    """

    def __init__(self, messages_max: int = ROOM_MESSAGES, bytes_max: int = ROOM_BYTES) -> None:
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._put = _Count(0, 0, 0)
        self._taken = _Count(0, 0, 0)
        self._closed = False
        self._error: BaseException | None = None
        self._pid = os.getpid()
        self._listeners: tuple[Callable[[], None], ...] = ()

    @property
    def has_room(self) -> bool:
        """True while a further batch is welcome. One batch may overshoot a bound: it is bounded itself."""
        put, taken = self._put, self._taken
        return put.messages - taken.messages < self._messages_max and put.bytes - taken.bytes < self._bytes_max

    def put(self, batch: Batch) -> None:
        """Add a batch. The actor's thread."""
        self._put = self._put.plus(batch)
        self._batches.put(batch)
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    @contextlib.contextmanager
    def told(self, listener: Callable[[], None]) -> Generator[None]:
        """Call `listener`, quick and on any thread, after each batch and the close, while in the `with` block."""
        self._listeners = (*self._listeners, listener)
        try:
            yield
        finally:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

    @property
    def ended(self) -> bool:
        """True when it is closed and empty."""
        return self._closed and self._put.batches == self._taken.batches

    def take(self, timeout: float | None) -> Batch | None:
        """Take the oldest batch; None when the queue is closed and empty, or nothing came within `timeout` seconds.

        Raises:
            What `fail` was given, when all that came before it is taken.
        """
        self.check_process()
        try:
            batch = self._batches.get(timeout=None if timeout is None else max(0.0, timeout))
        except Empty:
            return None
        if batch is None:
            self._batches.put(None)  # the end stays there for whoever asks again
            self.check()
            return None
        self._taken = self._taken.plus(batch)
        return batch

    def check_process(self) -> None:
        """Raise ClosedError in a forked child: the subscription is its parent's."""
        if self._pid != os.getpid():
            raise ClosedError("the subscription belongs to the parent of this process", hint="open a node in the child")

    def fail(self, error: BaseException) -> None:
        """Let the consumer take what is left, then raise this."""
        self._error = error
        self.close()

    def check(self) -> None:
        """Raise what `fail` was given, if it was."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Let the consumer take what is left, then end."""
        self._closed = True
        self._batches.put(None)
        self._tell()


class _Count(NamedTuple):
    batches: int
    messages: int
    bytes: int

    def plus(self, batch: Batch) -> _Count:
        return _Count(self.batches + 1, self.messages + len(batch.messages), self.bytes + batch.bytes)


class SubscriberActor(Shell):
    """Fills a `BatchQueue` from one stream."""

    def __init__(
        self,
        name: str,
        stream: str,
        port: Port,
        decoding: Decoding,
        queue: BatchQueue,
        clock: Clock,
        *,
        report: Report,
        on_event: Callable[[StreamEvent], None],
        replay_error: Callable[[], BaseException | None] = lambda: None,
    ) -> None:
        super().__init__(f"subscriber-{name}", report)
        self._replay_error = replay_error
        self._stream = stream
        self._port = port
        self._decoding = decoding
        self._queue = queue
        self._clock = clock
        self._on_event = on_event
        self._waiter: Waiter | None = None
        self._reading: Waiter | None = None

    def assemble(self, waiter: Waiter, reading: Waiter | None = None) -> None:
        """Give it what it waits on, before its start.

        `reading`: what it waits on after each batch, without the GIL, until it is live: meanwhile the application has
        the batch before, and the next is read and checked.
        """
        self._waiter = waiter
        self._reading = reading

    def run(self) -> None:
        """Poll while there is room, wait otherwise; until stopped."""
        inbox, stopped, queue = self.inbox, self.actor_stopped, self._queue
        while True:
            seen = inbox.event.value
            entry = inbox.take_control()
            if entry is not None:
                self.obey(entry)
                if stopped.is_set():
                    return
                continue
            try:
                if not queue.has_room:
                    self._port.service()
                    inbox.event.wait(seen, self._clock.monotonic_ns() + PARK_NS)
                    continue
                done = self._step()
                waiter = self._reading or (None if done else self._waiter)
                if waiter is not None:
                    waiter.wait(seen, None)
            except BaseException as error:  # noqa: BLE001 - reported; the subscriber goes on
                self.failed(error)

    def _step(self) -> int:
        count = self._port.poll()
        if count > 0:
            self._queue.put(self._decode(count))
            return count
        if count == 0:
            return 0
        now = self._clock.time_ns()
        notices = self._port.notices()
        for notice in notices:
            event = event_of(notice, self._stream, now)
            self._on_event(event)
            if isinstance(event, ReplayJoined):
                self._reading = None
            elif isinstance(event, ReplayEnded):
                self._queue.close()
            elif isinstance(event, ReplayFailed):
                self._queue.fail(self._replay_error() or RecordingError("the replay stopped", where=self._stream))
        return len(notices)

    def _decode(self, count: int) -> Batch:
        port, batch = self._port, self._decoding.batch
        places = port.places()
        size = memoryview(cast("bytes", port)).nbytes
        if batch is not None:
            with contextlib.suppress(Exception):  # one body is wrong: it is found below
                messages = batch(port)
                if len(messages) == count:
                    return Batch(messages, port.packed(), size, places)
        messages: list[object] = []
        packed, records, kept = port.packed(), bytearray(), bytearray()
        for place, body in enumerate(port.bodies()):
            try:
                messages.append(self._decoding.at(port, place, body))
                records += packed[place * RECORD.size : (place + 1) * RECORD.size]
                kept += b"" if places is None else places[place * PLACE.size : (place + 1) * PLACE.size]
            except Exception as error:  # noqa: BLE001 - theirs, whatever it is
                port.reject(place, REASON_DECODE, f"{type(error).__name__}: {error}")
        return Batch(messages, bytes(records), size, None if places is None else bytes(kept))

    def on_stop(self) -> None:
        """Let the application take what was read and end its loop."""
        self._queue.close()


class Subscription(Generic[M]):
    """The messages of a stream from now on: iterate over it. Got from `node.subscribe`; close it, or use `with`.

    One thread, or one task of an event loop (`async for`), iterates at a time. The loop ends when the subscription or
    the node is closed. Who leaves a loop and begins another goes on with the next message.
    Made with a `queue` that an actor fills, and `close`, which ends that actor.
    """

    def __init__(self, stream: str, queue: BatchQueue, close: Callable[[], None]) -> None:
        self.stream = stream
        self._queue = queue
        self._close = close
        self._left: _Left | None = None

    def __enter__(self) -> Subscription[M]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Subscription[M]:
        return self

    async def __aexit__(self, *_: object) -> None:
        import asyncio  # here: who never uses it need not load it

        await asyncio.to_thread(self.close)  # it waits for the actor

    def close(self) -> None:
        """Stop reading and free the Aeron subscription. Idempotent."""
        self._close()

    def _next(self, timeout: float | None) -> _Left | None:
        """Return what is left of the batch that was read last, else the next one; None as `BatchQueue.take`."""
        if self._left:
            self._queue.check_process()
            return self._left
        batch = self._queue.take(timeout)
        self._left = None if batch is None else _Left(batch)
        return self._left

    def batches(self, timeout: float | None = None) -> Iterator[list[M]]:
        """Yield lists of messages as they came. Ends when closed, or when none came for `timeout` seconds."""
        while (left := self._next(timeout)) is not None:
            if messages := left.all():
                yield cast("list[M]", messages)

    def __iter__(self) -> Iterator[M]:
        while (left := self._next(None)) is not None:
            yield from cast("Iterator[M]", left.messages)

    async def __aiter__(self) -> AsyncGenerator[M]:
        async for left in self._abatches():
            for message in cast("Iterator[M]", left.messages):
                yield message

    async def _abatches(self) -> AsyncGenerator[_Left]:
        """Yield batches as they come: one wake of the loop a batch, no thread, and a turn for others after each."""
        import asyncio  # here: who never uses it need not load it

        loop, news, queue = asyncio.get_running_loop(), asyncio.Event(), self._queue

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(news.set)

        with queue.told(tell):
            while True:
                news.clear()
                left = self._next(0) if self._left or not queue.ended else None
                if left is not None:
                    yield left
                    await asyncio.sleep(0)
                elif queue.ended:
                    queue.check()
                    return
                else:
                    await news.wait()

    def with_meta(self, timeout: float | None = None) -> Iterator[tuple[M, MetaCopy]]:
        """Yield each message with where it came from. Ends when closed, or when none came for `timeout` seconds.

        Raises:
            ClosedError: in a forked child: the subscription is its parent's.
        """
        while (left := self._next(timeout)) is not None:
            for message in cast("Iterator[M]", left.messages):
                yield message, left.meta(self.stream)

    def take(self, timeout: float) -> list[M]:
        """Take the next batch, or an empty list when none came within `timeout` seconds."""
        left = self._next(timeout)
        return [] if left is None else cast("list[M]", left.all())
