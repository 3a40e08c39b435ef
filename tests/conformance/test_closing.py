"""The same on every transport: closing, also while others are at work, and waking who waits."""

from __future__ import annotations

import threading
import time

import pytest

from actorbus.errors import ClosedError
from actorbus.ffi.native import lib
from actorbus.transport import Event, Idle, PollSet, Subscription, Waiter
from tests.conformance.places import Place, Reader, answer_code, connected, in_seconds, sender, until


def test_after_the_close_everything_says_so(place: Place) -> None:
    subscription = place.subscription()
    publication = connected(place.publication())
    port = publication.make_port(None, answer_code)
    publication.close()
    publication.close()
    assert port.publish(b"x") == lib.AB_STALE
    assert port.drop() == lib.AB_STALE
    for ask in (publication.is_connected, lambda: publication.position, lambda: publication.sequence):
        with pytest.raises(ClosedError):
            ask()
    subscription.close()
    subscription.close()
    assert subscription.port.poll() == lib.AB_STALE
    with pytest.raises(ClosedError):
        _ = subscription.image_count
    assert place.client.children == 0


def test_after_the_client_closed_nothing_is_opened(place: Place) -> None:
    subscription, publication = place.subscription(), place.publication()
    place.client.close()
    place.client.close()
    assert subscription.port.poll() == lib.AB_STALE
    assert publication.make_port(None, answer_code).publish(b"x") == lib.AB_STALE
    with pytest.raises(ClosedError):
        place.publication()
    with pytest.raises(ClosedError):
        place.subscription()


def work_until_closed(subscription: Subscription, waiter: Waiter, event: Event, inside: threading.Event) -> None:
    inside.set()
    while subscription.port.poll() != lib.AB_STALE:
        waiter.wait(event.value, in_seconds(0.01))


def test_a_subscription_closes_while_a_thread_waits_on_it(place: Place) -> None:
    publication = place.publication()
    for _ in range(20):
        subscription = place.subscription()
        waiting, event, inside = PollSet(), Event(), threading.Event()
        waiting.add(subscription)
        waiter = waiting.waiter(event, Idle("backoff", spin_passes=1))
        thread = threading.Thread(target=work_until_closed, args=(subscription, waiter, event, inside))
        thread.start()
        assert inside.wait(10)
        subscription.close()
        thread.join(10)
        assert not thread.is_alive()
        waiting.close()
    publication.close()


def test_a_publication_closes_while_threads_publish(place: Place) -> None:
    reader = Reader(place.subscription())
    publication = connected(place.publication())
    port = publication.make_port(None, answer_code)
    begun = threading.Event()

    def publish() -> None:
        while port.publish(b"x") != lib.AB_STALE:
            begun.set()

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    reader.messages(1)
    publication.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_a_waiting_poller_is_woken_by_a_publication_of_its_node(place: Place) -> None:
    event = Event()
    subscription = place.subscription()
    publication = connected(
        place.client.add_publication(
            place.channel(), place.stream_id, frame=True, format=0, publisher=3, types=[(1, 1)], wake=event
        )
    )
    reader = Reader(subscription)
    reader.until(lambda: subscription.image_count, "an image")
    reader.step()
    waiting = PollSet()
    waiting.add(subscription)
    asleep = Idle("sleep", min_park_ns=10**10, max_park_ns=10**10)  # by itself it would look in 10 s
    found: list[float] = []

    def wait() -> None:
        waiting.waiter(event, asleep).wait(event.value, in_seconds(20))
        found.append(time.monotonic())

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: lib.ab_event_sleepers(event.native), "the poller sleeps")
    began = time.monotonic()
    sender(publication)(b"wake up")
    thread.join(20)
    assert found
    assert found[0] - began < 5
    assert reader.messages(1) == [b"wake up"]
    waiting.close()
