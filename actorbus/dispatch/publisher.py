"""Sends typed messages into one stream: encode, offer, and what to do when the offer is refused.

    publish -> OfferPort (a builtin: encode, sequence, offer; the GIL is its lock) -> accepted: done
                                     refused -> `_settle`, by policy:
        block        wait here, up to the timeout; on a poller's thread, which never waits, into its outbox (D14)
        raise        BackPressured at once
        drop_newest  the message is dropped: counted, and its sequence used up, so that subscribers report it missing
        conflate     it waits in the publisher until there is room or a newer one of its key replaces it

Thread: any. While messages wait in front (an outbox, conflation) the publication is held: what is published later is
refused too and queues behind, or waits. inv_delivered_plus_missing_is_sent: a message that `publish` took without an
exception is delivered, or counted `dropped` and seen as missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

from actorbus.clock import Clock
from actorbus.dispatch.columns import send_columns
from actorbus.dispatch.conflation import Conflation
from actorbus.dispatch.outgoing import Endpoint, Outbox, PublisherPort
from actorbus.dispatch.refusals import (
    ADMIN_ACTION,
    BACK_PRESSURED,
    ENCODE,
    NOT_CONNECTED,
    UNFIT,
    OfferResult,
    refusal,
    result_of,
)
from actorbus.errors import ActorBusError, ClosedError, InternalError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["QUEUED", "Outlet", "Policy", "Publisher"]

M = TypeVar("M", contravariant=True)  # noqa: PLC0105 - short on purpose: it is in every signature

QUEUED = -1
"""What `publish` returns for a message that waits in an outbox or to be conflated: it has no sequence yet."""
ARRAY = 1024
"""Messages encoded in one call by `publish_many`: some 40 KiB, and one publish time."""
NAP_FIRST_S, NAP_LONGEST_S = 100e-6, 2e-3
"""Pauses of `send` between two tries; each is twice the one before."""


class Policy(NamedTuple):
    """What to do when refused.

    `back_pressure` is `block`, `raise`, `drop_newest` or `conflate` (then `key` names the field that tells messages
    apart); `not_connected` is `wait`, `raise` or `drop`. The timeouts are those of `block` and `wait`.
    """

    back_pressure: str
    back_pressure_timeout_ns: int
    not_connected: str
    not_connected_timeout_ns: int
    key: str | None = None


class Outlet:
    """A publisher as an output of one handler: a refused message is put down to that handler."""

    def __init__(self, port: PublisherPort) -> None:
        self._port = port
        self.publish = port.publish  # as in Publisher: a Python frame less

    def publish(self, message: object, /) -> int:
        """Send a message; see `Publisher.publish`."""
        return self._port.publish(message)


class Publisher(Generic[M]):
    """Publishes into one stream of a node; got from `node.publisher(STREAM)`. Usable from any thread."""

    def __init__(
        self,
        stream: str,
        types: tuple[type, ...],
        encode: Callable[[object], bytes] | None,
        policy: Policy,
        clock: Clock,
        make_port: Callable[[Callable[[object], bytes] | None, Callable[[object, object, int], int]], PublisherPort],
        endpoint: Endpoint,
        outbox_here: Callable[[], Outbox | None],
        *,
        arrays: bool = False,
        lists: bool = False,
        on_waiting: Callable[[], None] = lambda: None,
        reads: Callable[[object], object] = lambda _body: None,
    ) -> None:
        """Make it; `Endpoints` does.

        Args:
            stream: its name.
            types: what the stream declares, `(bytes,)` for raw.
            encode: message to body; None when messages are bodies.
            policy: what to do when refused.
            clock: of timeouts.
            make_port: makes a native port over the publication.
            endpoint: waits for room.
            outbox_here: the outbox of the calling thread when it is a poller's, else None.
            arrays: whether `encode` makes one msgpack array of a list of messages.
            lists: whether lists that are no msgpack array go in pieces all the same: in batch frames.
            on_waiting: called when the first message waits to be conflated: somebody must `flush` from then on.
            reads: decodes a body as a reader would; raises where that refuses it.
        """
        self.stream = stream
        self._types = types
        self._encode = encode
        self._policy = policy
        self._clock = clock
        self._endpoint = endpoint
        self._make_port = make_port
        self._outbox_here = outbox_here
        self._arrays = arrays and encode is not None
        self._pieces = self._arrays or lists
        self._on_waiting = on_waiting
        self._reads = reads
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._holders: set[object] = set()
        self._conflation: Conflation | None = None
        if policy.back_pressure == "conflate":
            if policy.key is None:
                raise InternalError(f"stream {stream!r} is conflated without a key")
            self._conflation = Conflation(self, policy.key)
        self._port = make_port(encode, self._refused)
        # The builtin takes the place of the method below: a Python frame less per message.
        self.publish = self._port.publish

    def publish(self, message: M, /) -> int:
        """Send one message; returns its sequence (its position where the stream has `frame: none`).

        A message that policy `drop_newest` (or `not_connected: drop`) drops is counted and returns the sequence it used
        up. One that waits, to be conflated or in the outbox of a poller's thread, returns `QUEUED` (-1).

        Raises:
            BackPressured: no room within the policy's timeout (at once for `raise`, and for a full outbox).
            NotConnected: no subscriber within the policy's timeout (at once for `raise`, and on a poller's thread).
            EncodeError: the message does not fit its own declaration; names the field, the value and the bound.
            MessageTooLarge: longer than the channel carries; names both lengths.
            UsageError: its type is not one of the stream's messages.
            ClosedError: the node is closed.
            DriverLost: the media driver is gone.
        """
        return self._port.publish(message)

    async def send(self, message: M) -> int:
        """Send one message from an event loop: as `publish`, but waits without blocking the loop.

        A cancelled `send` has sent nothing. Several at once on one publisher may overtake one another. Returns the
        sequence, as `publish` does.

        Raises:
            BackPressured, NotConnected, EncodeError, MessageTooLarge, UsageError, ClosedError, DriverLost: as publish.
        """
        import asyncio  # here: who never uses it need not load it

        body = self._fitting_body(message)
        code = self._port.offer(body)
        started, nap_s = self._clock.monotonic_ns(), NAP_FIRST_S
        while code < 0:
            answer = self._settle(message, body, code, self._clock.monotonic_ns() - started, None)
            if answer is not None:
                return answer
            await asyncio.sleep(nap_s)
            nap_s = min(2 * nap_s, NAP_LONGEST_S)
            code = self._again(body)
        return code

    def publish_many(self, messages: Iterable[M]) -> int:
        """Send messages in order; returns how many (all of them), or raises as `publish` does at the first refused.

        A list or tuple is faster than an iterator: it is encoded in large pieces, and those of format msgpack go in
        batch frames: several messages share a position, told apart by `meta.index`. Each of an iterator goes alone.

        Raises:
            BackPressured, NotConnected, EncodeError, MessageTooLarge, UsageError, ClosedError, DriverLost: as publish;
                those before the refused one are sent.
        """
        if self._pieces and isinstance(messages, (list, tuple)):
            if len(messages) <= ARRAY:
                return self._publish_piece(messages)
            return sum(self._publish_piece(messages[at : at + ARRAY]) for at in range(0, len(messages), ARRAY))
        sent = 0
        publish = self._port.publish
        for message in messages:
            publish(message)
            sent += 1
        return sent

    def _publish_piece(self, piece: Sequence[M]) -> int:
        """Send some messages by one call; those from the first refused, or not encodable, on one by one."""
        port = self._port
        try:
            accepted, code = port.publish_many(piece) if self._arrays else port.publish_list(self._bodies(piece))
        except Exception:  # noqa: BLE001 - one of them cannot be encoded, none went; which one is found below
            left = [*piece]
        else:
            if accepted == len(piece):
                return accepted
            left = [*piece[accepted:]]
            if code not in (ENCODE, UNFIT):  # the first was counted as refused: it is not offered as a new one
                first = left.pop(0)
                body = self._body(first)
                if (code := self._again(body)) < 0:
                    self._refused(first, body, code)
        for message in left:
            port.publish(message)
        return len(piece)

    def _body(self, message: object) -> object:
        return message if self._encode is None else self._encode(message)

    def _bodies(self, piece: Sequence[M]) -> list[object]:
        fits = self._port.fits
        return [self._body(message) if fits(message) else self._fitting_body(message) for message in piece]

    def _fitting_body(self, message: object) -> object:
        """Return the body of a message whose values are what its class declares; looked at closely when in doubt.

        Raises:
            EncodeError: it does not fit, or cannot be encoded.
        """
        try:
            body = self._body(message)
            if not self._port.fits(message):
                self._reads(body)
        except Exception as error:
            raise self.error(message, error, ENCODE) from error
        return body

    def offer(self, message: M) -> OfferResult:
        """Try once to send a message; returns what became of it: never raises, never waits. On any thread.

        `BACK_PRESSURED` too while refused messages wait in front of it.
        """
        try:
            code = self._port.offer(self._fitting_body(message))
        except Exception:  # noqa: BLE001 - by contract a result, not an exception
            return OfferResult.INVALID
        return result_of(code)

    def outlet(self, owner: str) -> Outlet:
        """Return this publisher as an output of handler `owner`, with a port of its own. The supervisor's thread."""

        def refused(message: object, body: object, code: int) -> int:
            return self._refused(message, body, code, owner)

        return Outlet(self._make_port(self._encode, refused))

    def publish_columns(self, columns: np.ndarray[tuple[int], np.dtype[np.void]], /) -> int:
        """Send all records of `columns`, an array of `ab.dtype_of(Tick)`, shape (messages,); returns how many.

        They go in batch frames: as `batch` says, else as large as fit one Aeron fragment. One that is refused goes by
        the stream's policy, as a lone message would.

        Raises:
            UsageError: the stream is not of format struct, or the array of another dtype.
            Refused, EncodeError: as `publish`; a note says how many went before.
        """
        return send_columns(self.stream, self._types, self._port, columns, self._refused)

    def unconflate(self) -> bool:
        """Send what waits to be conflated, as far as there is room; returns True when nothing waits. Never waits."""
        return self._conflation is None or self._conflation.flush()

    def flush(self) -> bool:
        """Send what waits, conflated or in a batch frame, while there is room; returns True when nothing is left."""
        return self.unconflate() and self._port.flush() == 0

    def linger(self, now_ns: int) -> int:
        """Send what lingered until `now_ns`, monotonic nanoseconds; returns when to look again, 0 for never."""
        return self._port.linger(now_ns)

    def give_up(self) -> int:
        """Drop what waits, conflated or in a batch frame, counted; returns how many."""
        return self._port.give_up() + (0 if self._conflation is None else self._conflation.give_up())

    def release(self) -> None:
        """Make every thread that waits in `publish` return with `ClosedError`: the node is closing."""
        self._stop.set()

    # -- what waiting messages need (Waiter) -------------------------------------------------------------------------

    def retry(self, body: object) -> int:
        """Offer a body that was refused before: not counted as refused again, and not held up by those that wait.

        Returns its sequence, or a code below zero.
        """
        return self._port.retry(body)

    def drop(self) -> int:
        """Give up one message: counted `dropped`, its sequence used up and returned."""
        return self._port.drop()

    def keeps(self, code: int) -> bool:
        """Return whether a waiting message that is refused with this code goes on waiting."""
        if code == NOT_CONNECTED:
            return self._policy.not_connected != "drop"
        return code in (BACK_PRESSURED, ADMIN_ACTION)

    def hold(self, holder: object) -> None:
        """Refuse whatever is no retry: messages of this holder wait in front."""
        with self._lock:
            self._holders.add(holder)
            self._port.hold(True)

    def unhold(self, holder: object) -> None:
        """Nothing of this holder waits any more."""
        with self._lock:
            self._holders.discard(holder)
            if not self._holders:
                self._port.hold(False)

    # -- off the fast way --------------------------------------------------------------------------------------------

    def _refused(self, message: object, body: object, code: int, owner: str | None = None) -> int:
        """Settle a refused publish by the policy: drop it, let it wait, wait and try again; or raise what tells why."""
        if code >= 0:
            raise InternalError(f"stream {self.stream!r}: a message was refused with code {code}, which is no refusal")
        if code == UNFIT:
            body = self._fitting_body(message)
            code = self._port.offer(body)
        started, waited_ns = self._clock.monotonic_ns(), 0
        while code < 0:
            answer = self._settle(message, body, code, waited_ns, owner)
            if answer is not None:
                return answer
            self._endpoint.wait_window_ns(started + self._timeout_ns(code))
            code = self._again(body)
            waited_ns = self._clock.monotonic_ns() - started
        return code

    def _settle(self, message: object, body: object, code: int, waited_ns: int, owner: str | None) -> int | None:
        """Apply the policy to a refusal: publish's answer, or None when the caller is to wait and try again."""
        if code == NOT_CONNECTED:
            policy = self._policy.not_connected
        elif code in (BACK_PRESSURED, ADMIN_ACTION):
            policy = self._policy.back_pressure
        else:
            raise self.error(message, body, code)
        if policy == "raise" or (waited_ns >= self._timeout_ns(code) and policy in ("block", "wait")):
            raise self.error(message, body, code, waited_ns)
        if self._stop.is_set():
            raise ClosedError(f"stream {self.stream!r} was closed while a publish waited for room")
        if policy in ("drop_newest", "drop"):
            if (sequence := self._port.drop()) < 0:
                raise self.error(message, body, sequence)
            return sequence
        if self._conflation is not None and policy == "conflate":
            first = self._conflation.put(message, _kept(body))
            if not self._conflation.flush() and first:
                self._on_waiting()
            return QUEUED
        outbox = self._outbox_here()
        if outbox is None:
            return None
        due_ns = self._clock.monotonic_ns() + self._timeout_ns(code)
        if policy == "block" and outbox.put(self, owner, message, _kept(body), due_ns):
            return QUEUED
        raise self.error(message, body, code, waited_ns)

    def _timeout_ns(self, code: int) -> int:
        policy = self._policy
        return policy.not_connected_timeout_ns if code == NOT_CONNECTED else policy.back_pressure_timeout_ns

    def _again(self, body: object) -> int:
        """Try a waiting thread's body again, unless others wait in front."""
        return BACK_PRESSURED if self._holders else self._port.retry(body)

    def error(self, message: object, body: object, code: int, waited_ns: int = 0) -> ActorBusError:
        """Return what tells why a message, with this body, was refused with this code after `waited_ns` nanoseconds."""
        longest = self._endpoint.max_message_length
        return refusal(self.stream, self._types, longest, message, body, code, waited_ns)


def _kept(body: object) -> bytes:
    """Return the bytes of a body: its owner may write into a bytearray again before it is sent."""
    return body if isinstance(body, bytes) else bytes(cast("bytes", body))
