"""Drivers, clients, publications and subscriptions over the real Aeron: what opens closes, what is wrong says so.

No test waits without a deadline, and every one begins and ends with nothing of ours in shared memory, no thread, no
descriptor and no mapping more than before (the fixture `parent`).
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from actorbus.errors import (
    AddressInUse,
    ClosedError,
    DirectoryRefused,
    DriverUnavailable,
    EnvironmentFault,
    InvalidValue,
)
from actorbus.ffi.native import lib
from actorbus.transport import (
    Client,
    EmbeddedDriver,
    ExternalDriver,
    ProcessDriver,
    read_cnc,
)
from tests.support.aeron import (
    IPC,
    SETTINGS,
    answer_code,
    in_seconds,
    publish,
    send,
    send_and_take,
    subscribe,
    take,
    until,
)
from tests.support.leaks import Snapshot, left_since, snapshot

pytestmark = pytest.mark.usefixtures("parent")


# -- open, use, close ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [IPC, "aeron:udp?endpoint=127.0.0.1:40231|term-length=64k"])
def test_messages_cross_in_order(client: Client, channel: str) -> None:
    subscription, publication = subscribe(client, channel), publish(client, channel)
    bodies = [b"%d" % number for number in range(100)]
    sender = threading.Thread(target=send, args=(publication, bodies))
    sender.start()
    assert take(subscription, 100) == bodies
    sender.join(20)


@pytest.mark.parametrize("make", [EmbeddedDriver, ProcessDriver])
def test_cycles_leave_nothing_behind(make: type[EmbeddedDriver | ProcessDriver], parent: Path) -> None:
    after_first: Snapshot | None = None
    for _ in range(3):
        with make(settings=SETTINGS) as driver, Client.connect(driver.directory) as client:
            subscription, publication = subscribe(client), publish(client)
            send(publication, [b"hello"])
            assert take(subscription, 1) == [b"hello"]
        if after_first is None:
            after_first = snapshot(parent)
    assert after_first is not None
    assert left_since(after_first, shared_memory=parent) == []


THREADS_BEFORE = {int(task.name) for task in Path("/proc/self/task").iterdir()}
"""When this file was imported, before any driver: a test worker has threads that Python does not list."""


def test_a_given_directory_is_used_as_it_is(tmp_path: Path) -> None:
    with EmbeddedDriver(tmp_path / "mine", SETTINGS) as driver:
        assert driver.directory == tmp_path / "mine"
        assert (tmp_path / "mine" / "cnc.dat").exists()
        ExternalDriver(tmp_path / "mine").start()
    assert list(tmp_path.iterdir()) == []


def test_two_drivers_and_two_clients_live_beside_one_another(client: Client) -> None:
    with EmbeddedDriver(settings=SETTINGS) as other, Client.connect(other.directory) as stranger:
        ours, theirs = subscribe(client), subscribe(stranger)
        send(publish(client), [b"ours"])
        send(publish(stranger), [b"theirs"])
        assert (take(ours, 1), take(theirs, 1)) == ([b"ours"], [b"theirs"])
        with Client.connect(client.directory) as second:
            send(publish(second), [b"second"])
            assert take(ours, 1) == [b"second"]


def test_a_counter_of_ours_can_be_set(client: Client) -> None:
    counter = client.add_counter("actorbus: messages", type_id=1001, key=b"key")
    counter.set(42)
    assert counter.id >= 0
    assert b"actorbus: messages" in (client.directory / "cnc.dat").read_bytes()


def test_a_port_asked_for_as_zero_is_told(client: Client) -> None:
    subscription = subscribe(client, "aeron:udp?endpoint=127.0.0.1:0")
    until(lambda: subscription.endpoint)
    assert str(subscription.endpoint).startswith("127.0.0.1:")


# -- after the close -------------------------------------------------------------------------------------------------


def test_use_after_close_is_a_closed_error(client: Client) -> None:
    subscription, publication = subscribe(client), publish(client)
    port = publication.make_port(None, answer_code)
    publication.close()
    subscription.close()
    assert port.publish(b"late") == lib.AB_STALE
    assert subscription.port.poll() == lib.AB_STALE
    assert not publication.say_bye()
    for use in (publication.is_connected, lambda: publication.position, subscription.is_connected):
        with pytest.raises(ClosedError):
            use()
    publication.close()
    subscription.close()
    client.close()
    with pytest.raises(ClosedError):
        publish(client)
    with pytest.raises(ClosedError):
        _ = client.is_lost


def test_a_client_closes_its_children(driver: EmbeddedDriver) -> None:
    client = Client.connect(driver.directory)
    publication = publish(client)
    subscribe(client)
    client.close()
    with pytest.raises(ClosedError):
        publication.is_connected()


def test_a_close_while_others_publish_is_safe(client: Client) -> None:
    """Trap P18: offers race with the close; each is accepted, refused or stale, and nothing crashes."""
    subscribe(client)
    for _ in range(5):
        publication = publish(client)
        port = publication.make_port(None, answer_code)
        codes: set[int] = set()

        def offer() -> None:
            while lib.AB_STALE not in codes:  # noqa: B023 - each round joins its threads
                code = port.publish(b"x" * 100)  # noqa: B023 - likewise
                codes.add(min(code, 0))  # noqa: B023 - likewise

        threads = [threading.Thread(target=offer) for _ in range(3)]
        for thread in threads:
            thread.start()
        until(lambda codes=codes: codes)
        publication.close()
        for thread in threads:
            thread.join(20)
        assert codes <= {0, lib.AB_NOT_CONNECTED, lib.AB_BACK_PRESSURED, lib.AB_ADMIN_ACTION, lib.AB_STALE}


def test_the_child_of_a_fork_can_use_nothing_and_the_parent_everything(client: Client) -> None:
    subscription, publication = subscribe(client), publish(client)
    port = publication.make_port(None, answer_code)
    child = os.fork()
    if child == 0:
        stale = port.publish(b"from the child") == lib.AB_STALE and subscription.port.poll() == lib.AB_STALE
        client.close()
        os._exit(0 if stale else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    send(publication, [b"from the parent"])
    assert take(subscription, 1) == [b"from the parent"]


# -- what is wrong around us -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 100, 128, 4096, 1_000_000])
def test_a_truncated_cnc_file_is_an_error_in_time(driver: EmbeddedDriver, tmp_path: Path, length: int) -> None:
    whole = (driver.directory / "cnc.dat").read_bytes()
    assert len(whole) > length
    (tmp_path / "cnc.dat").write_bytes(whole[:length])
    began = time.monotonic()
    with pytest.raises(DriverUnavailable, match="cut short") as caught:
        Client.connect(tmp_path, deadline_ns=in_seconds(0.2))
    assert time.monotonic() - began < 5
    assert isinstance(caught.value, EnvironmentFault)


def test_a_stale_cnc_file_is_an_error_in_time(tmp_path: Path) -> None:
    with EmbeddedDriver(settings=SETTINGS) as driver:
        copy = (driver.directory / "cnc.dat").read_bytes()
    (tmp_path / "cnc.dat").write_bytes(copy)  # as a killed driver leaves it: nobody beats any more
    left = read_cnc(tmp_path)
    assert left is not None
    until(lambda: not left.is_active(time.time_ns() // 1_000_000, 100))
    began = time.monotonic()
    with pytest.raises(DriverUnavailable, match="is dead"):
        Client.connect(tmp_path, driver_timeout_ms=100)
    assert time.monotonic() - began < 5


def test_no_driver_is_an_error_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(DriverUnavailable, match="actorbus driver"):
        Client.connect(tmp_path)
    assert time.monotonic() - began < 5


def test_a_port_in_use_is_told_and_leaves_nothing(client: Client) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        with pytest.raises(AddressInUse, match=str(port)) as caught:
            subscribe(client, f"aeron:udp?endpoint=127.0.0.1:{port}")
    assert caught.value.exit_code == 3
    assert client.children == 0


@pytest.mark.parametrize(
    "channel", ["nonsense", "aeron:tcp?endpoint=127.0.0.1:1", "aeron:udp", "aeron:ipc?term-length=100", "x" * 5000]
)
def test_a_channel_aeron_refuses_is_the_callers_mistake(client: Client, channel: str) -> None:
    with pytest.raises(InvalidValue):
        publish(client, channel)
    with pytest.raises(InvalidValue):
        subscribe(client, channel + ("" if "term" not in channel else "|mtu=7|rejoin=maybe|endpoint"))
    assert not client.is_lost


def test_a_second_driver_leaves_the_first_ones_directory_alone(driver: EmbeddedDriver, client: Client) -> None:
    """Aeron, told to remove its directory at the end, removes a living driver's after its own start was refused."""
    for make in (EmbeddedDriver, ProcessDriver):
        second = make(driver.directory, SETTINGS)
        with pytest.raises(DirectoryRefused, match="active"):
            second.start()
        second.close()
    assert driver.is_alive
    send_and_take(client)


def test_aerons_environment_does_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERON_IPC_MTU_LENGTH", "4096")
    monkeypatch.setenv("AERON_DRIVER_DYNAMIC_LIBRARIES", "/no/such/evil.so")
    monkeypatch.setenv("AERON_DIR", "/no/such/folder")
    for make in (EmbeddedDriver, ProcessDriver):
        with make(settings=SETTINGS) as driver, Client.connect(driver.directory) as client:
            assert publish(client).info.max_payload_length == 1376
    monkeypatch.delenv("AERON_DRIVER_DYNAMIC_LIBRARIES")
    for make in (EmbeddedDriver, ProcessDriver):
        inherited = make(settings=SETTINGS.with_(inherit_environment=True))
        with inherited as driver, Client.connect(driver.directory) as client:
            assert publish(client).info.max_payload_length == 4064


def test_the_threads_of_driver_and_client_block_every_signal(driver: EmbeddedDriver, client: Client) -> None:
    """Trap P21: Python's handlers run in the main thread; a signal that lands elsewhere may be late for ever."""
    ours = {thread.native_id for thread in threading.enumerate()} | THREADS_BEFORE
    blocked = [
        int(line.split()[1], 16)
        for task in Path("/proc/self/task").iterdir()
        if int(task.name) not in ours
        for line in (task / "status").read_text().splitlines()
        if line.startswith("SigBlk")
    ]
    assert len(blocked) >= 2
    unblockable = 1 << signal.SIGKILL - 1 | 1 << signal.SIGSTOP - 1
    for mask in blocked:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            assert mask >> number - 1 & 1
        assert not mask & unblockable
