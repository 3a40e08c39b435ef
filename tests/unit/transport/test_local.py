from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, ConfigError, UsageError
from actorbus.transport import Client, Driver, LocalBus, LocalClient, LocalDriver, Publication, Subscription, connect

IPC = "aeron:ipc?term-length=64k"


@pytest.fixture
def bus() -> Iterator[LocalBus]:
    bus = LocalBus()
    yield bus
    bus.close()


def publication(client: Client, channel: str = IPC, stream_id: int = 1) -> Publication:
    return client.add_publication(channel, stream_id, frame=True, format=0, publisher=7, types=[(1, 1)])


def subscription(client: Client, channel: str = IPC, stream_id: int = 1) -> Subscription:
    return client.add_subscription(channel, stream_id, frame=True, format=0, types=[(1, 1, True)])


def test_it_stands_where_a_driver_stands() -> None:
    driver = LocalDriver()
    assert isinstance(driver, Driver)
    assert not driver.is_alive
    with driver:
        assert driver.is_alive
        assert driver.directory == Path("in-process")
        assert not driver.directory.exists()
        with connect(driver, "mine") as client:
            assert isinstance(client, LocalClient)
            assert (client.name, client.is_lost) == ("mine", False)
    assert not driver.is_alive


def test_a_driver_is_used_once() -> None:
    driver = LocalDriver()
    with pytest.raises(ClosedError, match="driver is new"):
        driver.connect()
    driver.start()
    with pytest.raises(ClosedError, match="was started before"):
        driver.start()
    driver.close()
    driver.close()
    with pytest.raises(ClosedError, match="driver is closed"):
        driver.connect()


@pytest.mark.parametrize(
    ("channel", "stream_id", "meets"),
    [
        (IPC, 1, True),
        ("aeron:ipc?term-length=1m", 1, True),  # the first one said how long
        (IPC, 2, False),
        ("aeron:udp?endpoint=127.0.0.1:40001", 1, False),
    ],
)
def test_a_channel_and_stream_id_is_where_ends_meet(bus: LocalBus, channel: str, stream_id: int, meets: bool) -> None:
    with LocalClient(bus) as one, LocalClient(bus) as other:
        sending = publication(one)
        subscription(other, channel, stream_id)
        assert sending.is_connected() is meets


def test_udp_channels_differ_by_their_endpoint(bus: LocalBus) -> None:
    with LocalClient(bus) as client:
        sending = publication(client, "aeron:udp?endpoint=127.0.0.1:40001")
        subscription(client, "aeron:udp?endpoint=127.0.0.1:40002")
        assert not sending.is_connected()
        subscription(client, "aeron:udp?endpoint=127.0.0.1:40001|term-length=64k")
        assert sending.is_connected()


def test_two_drivers_meet_on_a_bus_given_to_both_and_not_else(bus: LocalBus) -> None:
    with LocalDriver(bus) as one, LocalDriver(bus) as other, LocalDriver() as alone:
        with one.connect() as sender, other.connect() as receiver, alone.connect() as stranger:
            sending = publication(sender)
            subscription(stranger)
            assert not sending.is_connected()
            subscription(receiver)
            assert sending.is_connected()
        one.close()
        assert bus.meeting(IPC, 1) is bus.meeting(IPC, 1)  # it is not the drivers' to close


def test_sessions_of_a_bus_are_its_own(bus: LocalBus) -> None:
    with LocalClient(bus) as client:
        assert publication(client).session_id != publication(client).session_id


def test_what_is_no_channel_or_closed_is_refused(bus: LocalBus) -> None:
    client = LocalClient(bus)
    with pytest.raises(ConfigError):
        publication(client, "aeron:carrier-pigeon")
    assert not client.has_counters
    with pytest.raises(UsageError, match="no driver to hold counter 'mine'"):
        client.add_counter("mine", type_id=1000)
    client.close()
    with pytest.raises(ClosedError):
        publication(client)
    bus.close()
    with pytest.raises(ClosedError, match="bus is closed"):
        bus.meeting(IPC, 1)
