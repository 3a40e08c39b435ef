from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, InternalError
from actorbus.ffi.handles import ClientHandle
from actorbus.ffi.library import load
from actorbus.ffi.native import lib
from actorbus.ffi.resources import CounterHandle, PublicationHandle, SubscriptionHandle


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ClientHandle]:
    """A client that never connected: nothing can be added through it."""
    load()
    client = ClientHandle.open(tmp_path, "test", driver_timeout_ms=10_000, idle_ns=1_000_000)
    yield client
    client.close(soon())


def soon() -> int:
    return time.monotonic_ns() + 5_000_000_000


def test_nothing_is_added_before_the_client_is_connected(client: ClientHandle) -> None:
    with pytest.raises(ClosedError, match="not connected"):
        PublicationHandle.add(client, "aeron:ipc", 1, soon())
    with pytest.raises(ClosedError, match="not connected"):
        SubscriptionHandle.add(client, "aeron:ipc", 1, soon())
    with pytest.raises(ClosedError, match="not connected"):
        CounterHandle.add(client, 1000, "ours", soon())


def test_everything_is_closed_error_after_the_close() -> None:
    publication = PublicationHandle(0, "aeron:ipc stream 1")
    subscription = SubscriptionHandle(0, "aeron:ipc stream 1")
    counter = CounterHandle(0, "counter")
    uses = [
        publication.info,
        publication.state,
        publication.last_error,
        lambda: publication.is_connected,
        lambda: publication.position,
        lambda: publication.position_limit,
        lambda: publication.channel_status,
        lambda: publication.configure(
            framed=True, format_id=0, publisher=1, sequence=0, types=[(1, 1)], counters=None, wake=None
        ),
        lambda: subscription.is_connected,
        lambda: subscription.image_count,
        lambda: subscription.channel_status,
        lambda: subscription.endpoint,
        lambda: subscription.configure(framed=True, format_id=0, types=[(1, 1, True)], counters=None),
        lambda: counter.id,
        lambda: counter.set(1),
    ]
    for use in uses:
        with pytest.raises(ClosedError, match="is closed"):
            use()
    for handle in (publication, subscription, counter):
        handle.close(soon())


def test_a_configuration_that_makes_no_sense_is_ours_to_answer_for() -> None:
    batch = SubscriptionHandle(lib.ab_batch_open(), "a batch builder")
    with pytest.raises(InternalError, match="does not take"):
        batch.configure(framed=True, format_id=99, types=[(1, 1, True)], counters=None)
    batch.configure(framed=True, format_id=0, types=[(1, 1, True)], counters=None)
    assert lib.ab_batch_close(batch.handle) == lib.AB_OK
