"""The outbox of a poller: messages its handlers published and a stream with policy `block` refused (D14).

    handler publishes -> refused -> a line of waiting messages for that publisher -> sent when there is room
                                         | while a line waits: its publication is held, and so are the streams that
                                         | feed it, so what the handlers make of them stays bounded

Guarantees:
* Order is kept per publisher: while entries of one wait, later publishes to it queue behind them, whoever publishes.
* Bounded by messages and bytes; what does not fit is refused to the handler at once, as `BackPressured`.
* A stream is not held for a line that only its own reading makes room for: one that feeds itself, directly or round a
  loop of streams, is read on.
* An entry older than its policy's timeout is dropped (counted, its sequence used up) and told to its handler's
  `on_error`; so is what a closed publication or a lost driver leaves here. Nothing leaves in silence.

Thread: the poller's, for everything but `len`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from actorbus.clock import Clock
from actorbus.dispatch.outgoing import Waiter
from actorbus.dispatch.refusals import NOT_CONNECTED
from actorbus.errors import ActorBusError

__all__ = ["BYTES_MAX", "MESSAGES_MAX", "Outbox", "streams_to_hold"]

MESSAGES_MAX = 65_536
BYTES_MAX = 64 << 20
NAP_FIRST_NS, NAP_LONGEST_NS = 50_000, 1_000_000
"""How long a poller with nothing else to do waits between two tries; doubling while nothing moves."""
NOTE_MAX = 200


class Entry(NamedTuple):
    """A message that waits. `owner` is the handler that published it, None when that is not known."""

    owner: str | None
    message: object
    body: bytes
    since_ns: int
    due_ns: int


class Outbox:
    """The waiting messages of one poller's thread, a line for each publisher."""

    def __init__(
        self,
        clock: Clock,
        *,
        hold: Callable[[str, object], None],
        release: Callable[[str, object], None],
        failed: Callable[[str | None, ActorBusError], None],
        messages_max: int = MESSAGES_MAX,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        """Make an empty one.

        Args:
            clock: of timeouts.
            hold: stop reading a stream, for a reason.
            release: read it again.
            failed: told the handler and the error of a message that will not be sent.
            messages_max: most messages in it.
            bytes_max: most bytes in it.
        """
        self.holds: Mapping[str, Iterable[str]] = {}
        """By stream: which streams are held while messages for it wait; see `streams_to_hold`."""
        self.nap_ns = NAP_FIRST_NS
        """How long to wait before the next try, when there is nothing else to do."""
        self._clock = clock
        self._hold = hold
        self._release = release
        self._failed = failed
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._lines: dict[Waiter, deque[Entry]] = {}
        self.waiting = 0
        """How many messages are in it: for the poller's way, where `len` costs a call."""
        self._bytes = 0

    def __len__(self) -> int:
        return self.waiting

    def put(self, line: Waiter, owner: str | None, message: object, body: bytes, due_ns: int) -> bool:
        """Queue a message behind those of its publisher; False when the outbox is full."""
        if self.waiting >= self._messages_max or self._bytes + len(body) > self._bytes_max:
            return False
        entries = self._lines.get(line)
        if entries is None:
            entries = self._lines[line] = deque()
            self.nap_ns = NAP_FIRST_NS
            line.hold(self)
            for stream in self.holds.get(line.stream, ()):
                self._hold(stream, ("outbox", line.stream))
        entries.append(Entry(owner, message, body, self._clock.monotonic_ns(), due_ns))
        self.waiting += 1
        self._bytes += len(body)
        return True

    def flush(self) -> int:
        """Send what there is room for, give up what is too old; returns how many left. Never waits."""
        left = 0
        for line, entries in list(self._lines.items()):
            left += self._send(line, entries)
            if not entries:
                self._end(line)
        self.nap_ns = NAP_FIRST_NS if left else min(2 * self.nap_ns, NAP_LONGEST_NS)
        return left

    def _send(self, line: Waiter, entries: deque[Entry]) -> int:
        count = 0
        while entries:
            entry = entries[0]
            code = line.retry(entry.body)
            error: ActorBusError | None = None
            if code < 0:
                now = self._clock.monotonic_ns()
                keeps = line.keeps(code)
                if keeps and now < entry.due_ns:
                    break
                line.drop()
                if keeps or code != NOT_CONNECTED:  # `not_connected: drop` is no error
                    error = line.error(entry.message, entry.body, code, now - entry.since_ns)
            entries.popleft()
            count += 1
            self.waiting -= 1
            self._bytes -= len(entry.body)
            if error is not None:
                error.add_note(f"it waited in the outbox: {_short(entry.message)}")
                self._failed(entry.owner, error)
        return count

    def give_up(self) -> int:
        """Drop all that waits, counted; returns how many: the poller stops."""
        count = 0
        for line, entries in list(self._lines.items()):
            for _ in entries:
                line.drop()
            count += len(entries)
            entries.clear()
            self._end(line)
        self.waiting = self._bytes = 0
        return count

    def _end(self, line: Waiter) -> None:
        del self._lines[line]
        line.unhold(self)
        for stream in self.holds.get(line.stream, ()):
            self._release(stream, ("outbox", line.stream))


def streams_to_hold(
    own: Iterable[tuple[Iterable[str], Iterable[str]]], all_handlers: Iterable[tuple[Iterable[str], Iterable[str]]]
) -> dict[str, frozenset[str]]:
    """Return, by stream, which streams a poller holds while messages for it wait: those whose handlers feed it.

    Not those that it leads back to: they must be read on, or the messages would wait for themselves.

    Args:
        own: (streams handled, streams published to) of each inline handler of the poller.
        all_handlers: the same of every handler of the node, to find the loops.
    """
    leads: dict[str, set[str]] = {}
    for streams, targets in all_handlers:
        for stream in streams:
            leads.setdefault(stream, set()).update(targets)
    held: dict[str, set[str]] = {}
    for streams, targets in own:
        for target in targets:
            reached = _reached(target, leads)
            held.setdefault(target, set()).update(stream for stream in streams if stream not in reached)
    return {target: frozenset(streams) for target, streams in held.items()}


def _reached(start: str, leads: Mapping[str, set[str]]) -> set[str]:
    reached = {start}
    waiting = [start]
    while waiting:
        for stream in leads.get(waiting.pop(), ()):
            if stream not in reached:
                reached.add(stream)
                waiting.append(stream)
    return reached


def _short(message: object) -> str:
    text = repr(message)
    return text if len(text) <= NOTE_MAX else f"{text[: NOTE_MAX - 3]}..."
