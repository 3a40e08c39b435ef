"""Publish and take raw messages over the real Aeron, with deadlines: what the integration tests of transport share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from actorbus.transport import Client, DriverSettings, Publication, Subscription

__all__ = [
    "IPC",
    "SETTINGS",
    "answer_code",
    "in_seconds",
    "publish",
    "send",
    "send_and_take",
    "subscribe",
    "take",
    "until",
]

IPC = "aeron:ipc?term-length=64k"
SETTINGS = DriverSettings.ci()


def in_seconds(seconds: float) -> int:
    return time.monotonic_ns() + round(seconds * 1e9)


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Look until a condition holds; fail at the deadline. Gives the core away between two looks."""
    deadline = in_seconds(seconds)
    while not condition():
        assert time.monotonic_ns() < deadline, "it never came true"
        os.sched_yield()


def publish(client: Client, channel: str = IPC, stream_id: int = 1001) -> Publication:
    return client.add_publication(channel, stream_id, frame=True, format=0, publisher=7, types=[(1, 1)])


def subscribe(client: Client, channel: str = IPC, stream_id: int = 1001) -> Subscription:
    return client.add_subscription(channel, stream_id, frame=True, format=0, types=[(1, 1, True)])


def answer_code(_message: object, _body: object, code: int) -> int:
    return code


def take(subscription: Subscription, count: int) -> list[bytes]:
    """Poll until so many messages came."""
    found: list[bytes] = []

    def poll() -> bool:
        got = subscription.port.poll()
        if got > 0:
            found.extend(subscription.port.bodies())
        elif got < 0:
            subscription.port.notices()
        return len(found) >= count

    until(poll)
    return found


def send(publication: Publication, bodies: list[bytes]) -> None:
    port = publication.make_port(None, answer_code)
    assert publication.wait_connected(in_seconds(10))
    for body in bodies:
        until(lambda body=body: port.publish(body) >= 0)


def send_and_take(client: Client) -> None:
    subscription, publication = subscribe(client), publish(client)
    send(publication, [b"hello"])
    assert take(subscription, 1) == [b"hello"]
