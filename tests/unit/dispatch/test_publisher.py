"""The publisher on a scripted port: which refusals wait, which raise, and what the errors say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

import actorbus as ab
from actorbus.clock import ManualClock
from actorbus.dispatch.outgoing import Waiter
from actorbus.dispatch.publisher import QUEUED, Policy, Publisher
from actorbus.dispatch.refusals import BACK_PRESSURED, ENCODE, NOT_CONNECTED, RANGE, STALE, TOO_LARGE, OfferResult
from actorbus.errors import BackPressured, ClosedError, EncodeError, InternalError, MessageTooLarge, NotConnected

SECOND = 1_000_000_000


class Halt(ab.Message, type_id=1001, version=1):
    symbol: str


class Sized(ab.Message, type_id=1002, version=1):
    quantity: int


class Port:
    """Answers offers from a script, then accepts."""

    def __init__(self, refused: Callable[[object, object, int], int], script: list[int]) -> None:
        self._refused = refused
        self.script = script
        self.sequence = 0
        self.held = False
        self.dropped = 0
        self.offered: list[object] = []
        self.retried: list[object] = []

    def _next(self) -> int:
        if self.held:
            return BACK_PRESSURED
        if self.script:
            return self.script.pop(0)
        self.sequence += 1
        return self.sequence - 1

    def publish(self, message: object, /) -> int:
        code = self._next()
        if code >= 0:
            self.offered.append(message)
        return code if code >= 0 else self._refused(message, body_of(message), code)

    def fits(self, message: object, /) -> bool:
        return True

    def offer(self, body: object, /) -> int:
        return self._next()

    def flush(self) -> int:
        return 0

    def give_up(self) -> int:
        return 0

    def linger(self, now_ns: int, /) -> int:
        return 0

    def retry(self, body: object, /) -> int:
        held, self.held = self.held, False
        code = self._next()
        self.held = held
        if code >= 0:
            self.retried.append(body)
        return code

    def publish_many(self, messages: object, /) -> tuple[int, int]:
        encoded = msgspec.msgpack.encode(messages)
        accepted = code = 0
        for message in msgspec.msgpack.decode(encoded):
            code = min(0, self._next())
            if code < 0:
                break
            self.offered.append(message)
            accepted += 1
        return accepted, code

    def drop(self) -> int:
        self.dropped += 1
        self.sequence += 1
        return self.sequence - 1

    def hold(self, held: bool, /) -> int:
        self.held = held
        return 0


class Endpoint:
    max_message_length = 100

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.waits = 0

    def wait_window_ns(self, deadline_ns: int) -> None:
        self.waits += 1
        self.clock.advance("100ms")


def body_of(message: object) -> bytes:
    return msgspec.msgpack.encode(message)


class Outbox:
    """Takes so many messages."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[tuple[str | None, object, bytes, int]] = []

    def put(self, line: Waiter, owner: str | None, message: object, body: bytes, due_ns: int) -> bool:
        if len(self.taken) >= self.room:
            return False
        self.taken.append((owner, message, body, due_ns))
        return True


class Bench:
    def __init__(self, *script: int, policy: Policy | None = None, outbox: Outbox | None = None) -> None:
        self.clock = ManualClock()
        self.endpoint = Endpoint(self.clock)
        self.ports: list[Port] = []
        self.waiting = 0
        self.publisher: Publisher[object] = Publisher(
            "ticks",
            (Halt, Sized),
            body_of,
            policy or Policy("block", SECOND, "wait", 2 * SECOND),
            self.clock,
            lambda encode, refused: self._make_port(refused, list(script)),
            self.endpoint,
            lambda: outbox,
            arrays=True,
            on_waiting=self._on_waiting,
        )

    def _make_port(self, refused: Callable[[object, object, int], int], script: list[int]) -> Port:
        self.ports.append(Port(refused, script))
        return self.ports[-1]

    def _on_waiting(self) -> None:
        self.waiting += 1

    @property
    def port(self) -> Port:
        return self.ports[0]


HALT = Halt("EURUSD")


def policy(name: str) -> Policy:
    return Policy(name, SECOND, "wait", 2 * SECOND, "symbol" if name == "conflate" else None)


def test_an_accepted_message_returns_its_sequence() -> None:
    bench = Bench()
    assert [bench.publisher.publish(HALT) for _ in range(3)] == [0, 1, 2]


def test_block_waits_for_room_and_then_sends() -> None:
    bench = Bench(*[BACK_PRESSURED] * 4)
    assert bench.publisher.publish(HALT) == 0
    assert bench.endpoint.waits == 4


def test_block_gives_up_at_its_timeout_and_says_how_long_it_waited() -> None:
    bench = Bench(*[BACK_PRESSURED] * 100)
    with pytest.raises(BackPressured, match="'ticks' has no room for this Halt after 1.000 s"):
        bench.publisher.publish(HALT)
    assert bench.endpoint.waits == 10


def test_raise_does_not_wait() -> None:
    bench = Bench(BACK_PRESSURED, policy=Policy("raise", SECOND, "raise", SECOND))
    with pytest.raises(BackPressured):
        bench.publisher.publish(HALT)
    assert bench.endpoint.waits == 0


def test_a_pollers_thread_never_waits_its_outbox_takes_the_message_until_it_is_full() -> None:
    """D14."""
    outbox = Outbox(room=1)
    bench = Bench(*[BACK_PRESSURED] * 2, outbox=outbox)
    assert bench.publisher.publish(HALT) == QUEUED
    assert outbox.taken == [(None, HALT, body_of(HALT), SECOND)]
    with pytest.raises(BackPressured):
        bench.publisher.publish(HALT)
    assert bench.endpoint.waits == 0


def test_an_outlet_says_which_handler_published() -> None:
    outbox = Outbox(room=1)
    bench = Bench(BACK_PRESSURED, outbox=outbox)
    assert bench.publisher.outlet("alarm").publish(HALT) == QUEUED
    assert outbox.taken[0][0] == "alarm"


def test_without_a_subscriber_a_pollers_thread_is_refused_at_once() -> None:
    bench = Bench(NOT_CONNECTED, outbox=Outbox(room=1))
    with pytest.raises(NotConnected):
        bench.publisher.publish(HALT)
    assert bench.endpoint.waits == 0


def test_the_outbox_keeps_a_copy_of_a_body_that_may_change() -> None:
    outbox = Outbox(room=1)
    publisher = Bench(outbox=outbox).publisher
    body = bytearray(b"abc")
    assert publisher._refused(body, body, BACK_PRESSURED) == QUEUED
    body[:] = b"xyz"
    assert outbox.taken[0][2] == b"abc"


def test_who_waits_lets_those_pass_that_wait_in_front() -> None:
    bench = Bench()
    bench.publisher.hold("outbox")
    with pytest.raises(BackPressured):
        bench.publisher.publish(HALT)
    assert bench.port.retried == []
    assert bench.publisher.offer(HALT) is OfferResult.BACK_PRESSURED
    bench.publisher.hold("conflation")
    bench.publisher.unhold("outbox")
    assert bench.port.held
    bench.publisher.unhold("conflation")
    assert bench.publisher.publish(HALT) == 0


def test_drop_newest_drops_counts_and_uses_up_the_sequence() -> None:
    bench = Bench(BACK_PRESSURED, policy=policy("drop_newest"))
    assert [bench.publisher.publish(HALT) for _ in range(3)] == [0, 1, 2]
    assert bench.port.dropped == 1
    assert bench.endpoint.waits == 0


def test_without_a_subscriber_policy_drop_drops() -> None:
    bench = Bench(NOT_CONNECTED, policy=Policy("block", SECOND, "drop", SECOND))
    assert [bench.publisher.publish(HALT) for _ in range(2)] == [0, 1]
    assert bench.port.dropped == 1


def test_conflate_keeps_the_newest_of_each_key_and_asks_once_to_be_flushed() -> None:
    bench = Bench(*[BACK_PRESSURED] * 3, policy=policy("conflate"))
    one, two, other = Halt("A"), Halt("A"), Halt("B")
    assert bench.publisher.publish(one) == QUEUED
    assert bench.publisher.publish(two) == QUEUED
    assert (bench.waiting, bench.port.dropped, bench.port.held) == (1, 1, True)
    assert bench.publisher.publish(other) == QUEUED
    assert bench.port.retried == [body_of(two), body_of(other)]
    assert bench.publisher.flush()
    assert not bench.port.held
    assert bench.publisher.publish(one) == 3


def test_what_waits_to_be_conflated_is_counted_when_it_is_given_up() -> None:
    bench = Bench(*[BACK_PRESSURED] * 100, policy=policy("conflate"))
    for symbol in "ABA":
        bench.publisher.publish(Halt(symbol))
    assert not bench.publisher.flush()
    assert bench.publisher.give_up() == 2
    assert bench.port.dropped == 3
    bench.publisher.release()
    with pytest.raises(ClosedError):
        bench.publisher.publish(HALT)


def test_not_connected_has_its_own_policy_and_timeout() -> None:
    bench = Bench(*[NOT_CONNECTED] * 100)
    with pytest.raises(NotConnected, match="no subscriber after 2.000 s"):
        bench.publisher.publish(HALT)


def test_a_thread_that_waits_is_released_when_the_node_closes() -> None:
    bench = Bench(*[BACK_PRESSURED] * 100)
    bench.publisher.release()
    with pytest.raises(ClosedError, match="was closed while a publish waited"):
        bench.publisher.publish(HALT)


def test_what_cannot_be_sent_says_why() -> None:
    with pytest.raises(ClosedError, match="'ticks' is closed"):
        Bench(STALE).publisher.publish(HALT)


def test_what_the_encoder_raised_becomes_an_encode_error() -> None:
    bench = Bench()
    with pytest.raises(EncodeError, match="Halt"):
        bench.publisher._refused(Halt(symbol=object()), TypeError("no"), ENCODE)  # type: ignore[arg-type]


def test_an_integer_above_int64_names_the_field_the_value_and_the_bound() -> None:
    with pytest.raises(EncodeError, match="Order.quantity|quantity is 18446744073709551615"):
        Bench(RANGE).publisher._refused(Sized(quantity=2**64 - 1), b"", RANGE)


@pytest.mark.parametrize(("code", "result"), [(BACK_PRESSURED, OfferResult.BACK_PRESSURED), (0, OfferResult.ACCEPTED)])
def test_offer_tells_its_result_and_never_raises_or_waits(code: int, result: OfferResult) -> None:
    bench = Bench(code)
    assert bench.publisher.offer(HALT) is result
    assert bench.endpoint.waits == 0


def test_publish_many_returns_how_many() -> None:
    assert Bench().publisher.publish_many(HALT for _ in range(7)) == 7


def test_publish_many_of_a_list_goes_on_where_it_was_refused_without_sending_twice() -> None:
    bench = Bench(0, 0, BACK_PRESSURED, BACK_PRESSURED, policy=policy("block"))
    messages = [Halt(str(n)) for n in range(600)]
    assert bench.publisher.publish_many(messages) == 600
    assert bench.port.retried == [body_of(messages[2])]
    assert bench.endpoint.waits == 1
    sent = [msgspec.msgpack.decode(body_of(each)) for each in bench.port.offered]
    assert sent == [[1001, str(n)] for n in range(600) if n != 2]


def test_publish_many_of_a_list_raises_as_publish_does_and_has_sent_what_came_before() -> None:
    bench = Bench(0, 0, TOO_LARGE, TOO_LARGE)
    with pytest.raises(MessageTooLarge):
        bench.publisher.publish_many([HALT] * 5)
    assert len(bench.port.offered) == 2


def test_publish_many_goes_on_one_by_one_where_an_encoder_raised_behind_what_went(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    port = bench.port

    def two_of_them(messages: list[Halt]) -> tuple[int, int]:
        port.offered.extend(messages[:2])
        return 2, ENCODE

    monkeypatch.setattr(port, "publish_many", two_of_them)
    messages = [Halt(str(n)) for n in range(5)]
    assert bench.publisher.publish_many(messages) == 5
    assert port.offered == messages
    assert port.retried == [], "none of them was refused"


def test_send_waits_without_blocking_the_loop() -> None:
    bench = Bench(*[BACK_PRESSURED] * 3)
    turns = 0

    async def main() -> int:
        loop = asyncio.get_running_loop()

        def count() -> None:
            nonlocal turns
            turns += 1
            loop.call_soon(count)

        count()
        return await bench.publisher.send(HALT)

    assert asyncio.run(main()) == 0
    assert turns > 3
    assert bench.endpoint.waits == 0
    assert bench.port.retried == [body_of(HALT)]


def test_send_refuses_as_publish_does() -> None:
    bench = Bench(BACK_PRESSURED, policy=Policy("raise", SECOND, "raise", SECOND))
    with pytest.raises(BackPressured):
        asyncio.run(bench.publisher.send(HALT))
    with pytest.raises(EncodeError, match="Halt"):
        asyncio.run(bench.publisher.send(Halt(symbol=object())))  # type: ignore[arg-type]
    assert asyncio.run(bench.publisher.send(HALT)) == 0


def test_a_refusal_with_a_code_that_is_none_is_our_own_error() -> None:
    bench = Bench()
    with pytest.raises(InternalError, match="refused with code 0"):
        bench.publisher._refused(Halt("x"), b"", 0)
