"""inv_delivered_plus_missing_is_sent: whatever a subscriber does, under every policy, each message is accounted for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

import actorbus as ab
from actorbus.actors.outbox import Outbox
from actorbus.clock import ManualClock
from actorbus.dispatch.publisher import Policy, Publisher
from actorbus.dispatch.refusals import BACK_PRESSURED, NOT_CONNECTED
from actorbus.errors import ActorBusError, Refused

MILLISECOND = 1_000_000


class Tick(ab.Message, type_id=1001, version=1):
    key: int
    n: int


class Window:
    """A publication with room for some messages; what was taken has a sequence, what was dropped has one too."""

    max_message_length = 1_000

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.room = 2
        self.connected = True
        self.held = False
        self.sequence = 0
        self.dropped = 0
        self.delivered: list[tuple[int, Tick]] = []
        self.opens_after: deque[int] = deque()

    def take(self, body: object, *, retry: bool) -> int:
        if self.held and not retry:
            return BACK_PRESSURED
        if not self.connected:
            return NOT_CONNECTED
        if self.room <= 0:
            return BACK_PRESSURED
        self.room -= 1
        self.delivered.append((self.sequence, msgspec.msgpack.decode(body, type=Tick)))  # type: ignore[arg-type]
        self.sequence += 1
        return self.sequence - 1

    def drop(self) -> int:
        self.dropped += 1
        self.sequence += 1
        return self.sequence - 1

    def wait_window_ns(self, deadline_ns: int) -> None:
        self.clock.advance("1ms")
        if self.opens_after and self.opens_after.popleft() == 0:
            self.room += 1


class Port:
    code = 0

    def __init__(self, window: Window, refused: Callable[[object, object, int], int]) -> None:
        self.window = window
        self.refused = refused
        self.drop = window.drop

    def publish(self, message: object, /) -> int:
        body = msgspec.msgpack.encode(message)
        code = self.window.take(body, retry=False)
        return code if code >= 0 else self.refused(message, body, code)

    def offer(self, body: object, /) -> int:
        return self.window.take(body, retry=False)

    def retry(self, body: object, /) -> int:
        return self.window.take(body, retry=True)

    def publish_list(self, bodies: list[bytes], /) -> int:
        raise NotImplementedError

    def publish_many(self, messages: object, /) -> int:
        raise NotImplementedError

    def flush(self) -> int:
        return 0

    def give_up(self) -> int:
        return 0

    def linger(self, now_ns: int, /) -> int:
        return 0

    def hold(self, held: bool, /) -> int:
        self.window.held = held
        return 0


publish = st.tuples(st.just("publish"), st.integers(0, 3))
room = st.tuples(st.just("room"), st.integers(0, 4))
connect = st.tuples(st.just("connect"), st.integers(0, 1))
flush = st.tuples(st.just("flush"), st.just(0))
wait = st.tuples(st.just("wait"), st.integers(1, 8))
steps = st.lists(st.one_of(publish, publish, publish, room, connect, flush, wait), max_size=60)


@given(
    steps=steps,
    back_pressure=st.sampled_from(["block", "raise", "drop_newest", "conflate"]),
    not_connected=st.sampled_from(["wait", "raise", "drop"]),
    on_poller=st.booleans(),
    opens_after=st.lists(st.integers(0, 3), max_size=20),
)
def test_inv_delivered_plus_missing_is_sent(
    steps: list[tuple[str, int]], back_pressure: str, not_connected: str, on_poller: bool, opens_after: list[int]
) -> None:
    clock = ManualClock()
    window = Window(clock)
    window.opens_after.extend(opens_after)
    failed: list[ActorBusError] = []
    outbox = Outbox(
        clock,
        hold=lambda stream, reason: None,
        release=lambda stream, reason: None,
        failed=lambda owner, error: failed.append(error),
        messages_max=5,
    )
    publisher: Publisher[Tick] = Publisher(
        "ticks",
        (Tick,),
        msgspec.msgpack.encode,
        Policy(back_pressure, 5 * MILLISECOND, not_connected, 3 * MILLISECOND, "key"),
        clock,
        lambda encode, refused: Port(window, refused),
        window,
        lambda: outbox if on_poller else None,
    )
    sent = n = 0
    for step, value in steps:
        if step == "publish":
            try:
                publisher.publish(Tick(value, n))
                sent += 1
            except Refused:
                pass
            n += 1
        elif step == "room":
            window.room += value
        elif step == "connect":
            window.connected = bool(value)
        elif step == "flush":
            publisher.flush()
            outbox.flush()
        else:
            clock.advance(f"{value}ms")
    publisher.flush()
    outbox.flush()
    publisher.give_up()
    outbox.give_up()

    assert len(window.delivered) + window.dropped == sent == window.sequence
    sequences = [sequence for sequence, _ in window.delivered]
    missing = sent - len(set(sequences))
    assert missing == window.dropped
    assert not window.held
    newest: dict[int, int] = {}
    for _, tick in window.delivered:  # conflation orders by key, everything else in all
        key = tick.key if back_pressure == "conflate" else 0
        assert tick.n > newest.get(key, -1)
        newest[key] = tick.n
    assert len(failed) <= window.dropped
