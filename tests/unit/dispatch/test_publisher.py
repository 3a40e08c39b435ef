"""The publisher on a scripted port: which refusals wait, which raise, and what the errors say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import actorbus as ab
from actorbus.clock import ManualClock
from actorbus.dispatch.publisher import (
    BACK_PRESSURED,
    ENCODE,
    FAILED,
    MAX_POSITION,
    NOT_CONNECTED,
    RANGE,
    STALE,
    TOO_LARGE,
    UNKNOWN_TYPE,
    OfferResult,
    Policy,
    Publisher,
)
from actorbus.errors import (
    BackPressured,
    ClosedError,
    DriverLost,
    EncodeError,
    MessageTooLarge,
    NotConnected,
    UsageError,
)

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
        self.code = 0

    def _next(self) -> int:
        if self.script:
            return self.script.pop(0)
        self.sequence += 1
        return self.sequence - 1

    def publish(self, message: object, /) -> int:
        code = self._next()
        return code if code >= 0 else self._refused(message, b"body", code)

    def offer(self, body: object, /) -> int:
        return self._next()

    def publish_list(self, bodies: list[bytes], /) -> int:
        return len(bodies)


class Endpoint:
    max_message_length = 100

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.waits = 0

    def wait_window_ns(self, deadline_ns: int) -> None:
        self.waits += 1
        self.clock.advance("100ms")


class Bench:
    def __init__(self, *script: int, policy: Policy | None = None, poller: bool = False) -> None:
        self.clock = ManualClock()
        self.endpoint = Endpoint(self.clock)
        self.publisher: Publisher[object] = Publisher(
            "ticks",
            (Halt, Sized),
            lambda message: b"body",
            policy or Policy("block", SECOND, "wait", 2 * SECOND),
            self.clock,
            lambda encode, refused: Port(refused, list(script)),
            self.endpoint,
            lambda: poller,
        )


HALT = Halt("EURUSD")


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


def test_a_pollers_thread_never_waits() -> None:
    """D14: until the outbox comes, a refused publish there raises at once."""
    bench = Bench(BACK_PRESSURED, poller=True)
    with pytest.raises(BackPressured):
        bench.publisher.publish(HALT)
    assert bench.endpoint.waits == 0


def test_not_connected_has_its_own_policy_and_timeout() -> None:
    bench = Bench(*[NOT_CONNECTED] * 100)
    with pytest.raises(NotConnected, match="no subscriber after 2.000 s"):
        bench.publisher.publish(HALT)


def test_a_thread_that_waits_is_released_when_the_node_closes() -> None:
    bench = Bench(*[BACK_PRESSURED] * 100)
    bench.publisher.release()
    with pytest.raises(ClosedError, match="was closed while a publish waited"):
        bench.publisher.publish(HALT)


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        (STALE, ClosedError, "is closed"),
        (MAX_POSITION, ClosedError, "last position"),
        (TOO_LARGE, MessageTooLarge, "this Halt is 4 bytes encoded; stream 'ticks' carries 100"),
        (FAILED, DriverLost, "code -6"),
        (UNKNOWN_TYPE, EncodeError, "cannot be encoded"),
    ],
)
def test_what_cannot_be_sent_says_why(code: int, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Bench(code).publisher.publish(HALT)


def test_a_message_of_another_stream_names_what_this_one_carries() -> None:
    with pytest.raises(UsageError, match="carries Halt, Sized, not Quote: add it to `messages`"):
        Bench(UNKNOWN_TYPE).publisher.publish(ab.Quote("EURUSD", ab.price("1"), ab.price("2")))


def test_what_the_encoder_raised_becomes_an_encode_error() -> None:
    bench = Bench()
    with pytest.raises(EncodeError, match="Halt"):
        bench.publisher._refused(Halt(symbol=object()), TypeError("no"), ENCODE)  # type: ignore[arg-type]


def test_an_integer_above_int64_names_the_field_the_value_and_the_bound() -> None:
    with pytest.raises(EncodeError, match="Order.quantity|quantity is 18446744073709551615"):
        Bench(RANGE).publisher._refused(Sized(quantity=2**64 - 1), b"", RANGE)


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (BACK_PRESSURED, OfferResult.BACK_PRESSURED),
        (NOT_CONNECTED, OfferResult.NOT_CONNECTED),
        (STALE, OfferResult.CLOSED),
        (TOO_LARGE, OfferResult.TOO_LARGE),
        (UNKNOWN_TYPE, OfferResult.INVALID),
        (FAILED, OfferResult.FAILED),
        (0, OfferResult.ACCEPTED),
    ],
)
def test_offer_tells_its_result_and_never_raises_or_waits(code: int, result: OfferResult) -> None:
    bench = Bench(code)
    assert bench.publisher.offer(HALT) is result
    assert bool(result) is (code == 0)
    assert bench.endpoint.waits == 0


def test_publish_many_returns_how_many() -> None:
    assert Bench().publisher.publish_many(HALT for _ in range(7)) == 7
