"""What is left when a driver, a program or its parent dies: over the real Aeron, by exit, exception and SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.errors import (
    ActorBusError,
    DriverLost,
)
from actorbus.ffi.native import lib
from actorbus.transport import (
    Client,
    Driver,
    EmbeddedDriver,
    ProcessDriver,
)
from tests.support.aeron import (
    SETTINGS,
    answer_code,
    publish,
    send,
    send_and_take,
    subscribe,
    take,
    until,
)

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("parent")


def test_a_killed_driver_is_noticed_and_everything_still_closes() -> None:
    driver = ProcessDriver(settings=SETTINGS)
    driver.start()
    client = Client.connect(driver.directory, driver_timeout_ms=1_000, conductor_idle_ns=1_000_000)
    subscription, publication = subscribe(client), publish(client)
    send(publication, [b"hello"])
    assert take(subscription, 1) == [b"hello"]
    assert driver.pid is not None
    os.kill(driver.pid, signal.SIGKILL)
    until(lambda: not driver.is_alive)
    until(lambda: client.is_lost)
    assert any("MediaDriver" in text for _, text in client.take_errors())
    with pytest.raises(DriverLost):
        subscribe(client, stream_id=2)
    port = publication.make_port(None, answer_code)
    assert port.publish(b"late") in {lib.AB_CLOSED, lib.AB_NOT_CONNECTED}
    assert subscription.port.poll() <= 0
    client.close()
    driver.close()


def test_a_killed_driver_of_a_given_directory_makes_room_for_the_next(tmp_path: Path) -> None:
    first = ProcessDriver(tmp_path / "aeron", SETTINGS)
    first.start()
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not first.is_alive)
    with EmbeddedDriver(tmp_path / "aeron", SETTINGS) as second, Client.connect(second.directory) as client:
        send_and_take(client)
    first.close()
    assert list(tmp_path.iterdir()) == []


def run(program: str, *, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


OPEN_ALL = """
import os, signal, sys, threading, time
from actorbus.transport import *
driver = {kind}(settings=DriverSettings.ci()); driver.start()
client = Client.connect(driver.directory)
subscription = client.add_subscription("aeron:ipc", 1, frame=True, format=0, types=[(1, 1, True)])
publication = client.add_publication("aeron:ipc", 1, frame=True, format=0, publisher=7, types=[(1, 1)])
print(driver.directory, flush=True)
{end}
"""


@pytest.mark.parametrize("kind", ["EmbeddedDriver", "ProcessDriver"])
@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("pass", 0),
        ("sys.exit(3)", 3),
        ("raise ZeroDivisionError", 1),
        ("signal.raise_signal(signal.SIGINT)", -signal.SIGINT),
    ],
)
def test_a_program_that_closes_nothing_leaves_nothing(kind: str, end: str, code: int) -> None:
    done = run(OPEN_ALL.format(kind=kind, end=end))
    assert done.returncode == code, done.stderr
    if code in (0, 3):
        assert done.stderr == ""
    assert not Path(done.stdout.strip()).exists()


def test_a_driver_process_ends_with_its_killed_parent() -> None:
    done = run(OPEN_ALL.format(kind="ProcessDriver", end="os.kill(os.getpid(), signal.SIGKILL)"))
    assert done.returncode == -signal.SIGKILL
    directory = Path(done.stdout.strip())
    until(lambda: not directory.exists())


def test_what_a_killed_process_left_is_swept_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(OPEN_ALL.format(kind="EmbeddedDriver", end="os.kill(os.getpid(), signal.SIGKILL)"))
    directory = Path(done.stdout.strip())
    assert directory.exists()
    cnc = directory / "cnc.dat"
    long_ago = bytearray(cnc.read_bytes())
    beat = 128 + (1 << 20) + 640  # the driver's heartbeat, as cnc.py has it
    long_ago[beat : beat + 8] = (1_000).to_bytes(8, "little")  # its time-out is over
    cnc.write_bytes(bytes(long_ago))
    monkeypatch.setattr("actorbus.transport.directory.default_directory", lambda: directory.parent.parent)
    with EmbeddedDriver(settings=SETTINGS):
        assert not directory.exists()


def test_a_broken_driver_setting_is_refused_with_its_name() -> None:
    driver: Driver = EmbeddedDriver(settings=SETTINGS.with_(counters_length=1000))
    with pytest.raises(ActorBusError, match="counters"):
        driver.start()
    driver.close()
