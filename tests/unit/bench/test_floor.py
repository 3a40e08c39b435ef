"""The native floor, in one process: flood, count, ping, pong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from actorbus.bench import floor
from actorbus.bench.case import Case
from actorbus.bench.words import STOP, TURN, Words
from actorbus.errors import BrokenError
from actorbus.transport import Client


def test_what_is_flooded_is_counted_and_read(case_of: Callable[..., Case]) -> None:
    case = case_of("floor")
    words = Words.of(case.place)
    with Client.connect(case.directory) as client:
        subscription = floor.add_subscription(client, case.channel, case.stream_id)
        publication = floor.add_publication(client, case.channel, case.stream_id)
        assert publication.wait_connected(time.monotonic_ns() + 10**10)
        flood = floor.Flood(publication, [bytes(40), bytes(48)], numbered_at=0)
        sent: list[int] = []
        writer = threading.Thread(target=lambda: sent.append(flood.flood(words, 0)))
        writer.start()
        first = floor.drain(subscription, words, 0, 0.05)
        words[TURN] = 1
        writer.join(10)
        rest = floor.drain(subscription, words, 1, 0.2)

        assert first.messages + rest.messages == sent[0]
        assert first.checksum + rest.checksum == sum(range(sent[0]))


def test_a_long_frame_is_numbered_too(case_of: Callable[..., Case]) -> None:
    case = case_of("floor")
    words = Words.of(case.place)
    with Client.connect(case.directory) as client:
        subscription = floor.add_subscription(client, case.channel, case.stream_id)
        publication = floor.add_publication(client, case.channel, case.stream_id)
        assert publication.wait_connected(time.monotonic_ns() + 10**10)
        flood = floor.Flood(publication, [b"x" * 10_000], numbered_at=16)
        writer = threading.Thread(target=flood.flood, args=(words, 0))
        writer.start()
        taken = floor.drain(subscription, words, 0, 0.05)
        words[TURN] = STOP
        writer.join(10)

        assert taken.bytes > 10_000


def test_a_flood_whose_turn_it_is_not_sends_a_look_at_most(case_of: Callable[..., Case]) -> None:
    case = case_of("floor")
    words = Words.of(case.place)
    words[TURN] = 5
    with Client.connect(case.directory) as client:
        publication = floor.add_publication(client, case.channel, case.stream_id)

        assert floor.Flood(publication, [bytes(32)]).flood(words, 0) == 0


def test_checksums_cost_something_and_more_for_longer_records() -> None:
    assert 0 < floor.checksum_ns(100, 20_000) < floor.checksum_ns(4000, 20_000)
    with pytest.raises(BrokenError, match="0 to 4096"):
        floor.checksum_ns(5000, 1)
