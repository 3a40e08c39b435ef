from __future__ import annotations

import asyncio
import contextlib
import signal
import threading

from actorbus.actors.subscriber import Batch, BatchQueue, Subscription
from actorbus.dispatch.parcel import PLACE, RECORD

DEADLINE_S = 5.0
PACKED = RECORD.pack(1, 0, 64, 5, 10, 9, 1001, 1, 8, 10, 20)


def batch(*messages: object, size: int = 10) -> Batch:
    packed = [RECORD.pack(1, 0, 64, n if isinstance(n, int) else 5, 10, 9, 1001, 1, 8, 10, 20) for n in messages]
    return Batch(list(messages), b"".join(packed), size)


def test_batches_come_out_in_order_and_a_closed_queue_ends_after_what_is_left() -> None:
    queue = BatchQueue()
    queue.put(batch(1, 2))
    queue.put(batch(3))
    queue.close()

    assert list(Subscription("s", queue, lambda: None)) == [1, 2, 3]


def test_room_ends_at_either_bound_and_comes_back() -> None:
    by_messages = BatchQueue(messages_max=2, bytes_max=1_000)
    by_messages.put(batch(1, 2))
    assert not by_messages.has_room
    by_messages.take(0)
    assert by_messages.has_room

    by_bytes = BatchQueue(messages_max=100, bytes_max=100)
    by_bytes.put(batch(1, size=100))
    assert not by_bytes.has_room


def test_take_gives_up_at_its_timeout() -> None:
    assert BatchQueue().take(0.01) is None
    assert Subscription("s", BatchQueue(), lambda: None).take(0.01) == []


def test_a_waiting_consumer_is_woken_by_a_batch_and_by_the_close() -> None:
    queue = BatchQueue()
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.extend(Subscription("s", queue, queue.close)), daemon=True)
    reader.start()
    queue.put(batch("a"))
    queue.close()
    reader.join(DEADLINE_S)

    assert got == ["a"]


def test_meta_comes_beside_each_message() -> None:
    queue = BatchQueue()
    queue.put(batch("a"))
    queue.close()

    ((message, meta),) = Subscription("s", queue, lambda: None).with_meta()

    assert message == "a"
    assert (meta.stream, meta.session, meta.position, meta.sequence, meta.type_id) == ("s", 1, 64, 5, 1001)


def test_leaving_a_with_block_closes() -> None:
    closed: list[int] = []
    with Subscription("s", BatchQueue(), lambda: closed.append(1)):
        pass

    assert closed == [1]


class Interrupted(Exception):
    pass


def test_an_interrupted_consumer_never_leaves_the_queue_locked() -> None:
    """A signal handler that raises, as Ctrl-C does, at every moment of a take."""

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for number in range(300):
            queue = BatchQueue()
            with contextlib.suppress(Interrupted):
                signal.setitimer(signal.ITIMER_REAL, 0.00005 + number * 0.000002)
                for _ in range(20_000):  # not for ever: an exception in a callback of the collector is swallowed
                    queue.put(batch(1))
                    queue.take(0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            closer = threading.Thread(target=queue.close, daemon=True)
            closer.start()
            closer.join(DEADLINE_S)
            assert not closer.is_alive()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_loop_that_is_left_early_goes_on_with_the_next_message() -> None:
    queue = BatchQueue()
    for first in range(0, 30, 10):
        queue.put(batch(*range(first, first + 10)))
    queue.close()
    subscription = Subscription("s", queue, lambda: None)

    for message in subscription:
        if message == 3:
            break
    assert next(iter(subscription)) == 4
    message, meta = next(iter(subscription.with_meta()))
    assert (message, meta.sequence) == (5, 5)
    assert subscription.take(0) == [6, 7, 8, 9]
    assert next(iter(subscription.batches())) == list(range(10, 20))
    assert next(iter(subscription)) == 20
    assert list(subscription.batches()) == [list(range(21, 30))]
    assert list(subscription) == []


def test_the_same_in_an_event_loop() -> None:
    async def read() -> list[object]:
        queue = BatchQueue()
        queue.put(batch(*range(10)))
        queue.close()
        got: list[object] = []
        async with Subscription("s", queue, lambda: got.append("closed")) as subscription:
            for last in (3, 9):
                async for message in subscription:
                    got.append(message)
                    if message == last:
                        break
        return got

    assert asyncio.run(read()) == [*range(10), "closed"]


def test_meta_tells_the_place_in_the_recording() -> None:
    queue = BatchQueue()
    queue.put(Batch(["a", "b"], PACKED * 2, 10, PLACE.pack(7, 400) + PLACE.pack(-1, 0)))
    queue.close()

    assert [meta.recorded for _, meta in Subscription("s", queue, lambda: None).with_meta()] == [(7, 400), None]
