"""Fixtures of the tests over the real Aeron: a driver, a client, and the proof that nothing is left of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.ffi import open_handles
from actorbus.transport import Client, EmbeddedDriver
from tests.support.aeron import SETTINGS, subscribe
from tests.support.leaks import left_since, snapshot


@pytest.fixture(scope="session")
def warmed_up() -> None:
    """Load the library and what it keeps for good (a descriptor of the random device) before anything is compared."""
    with EmbeddedDriver(settings=SETTINGS) as driver, Client.connect(driver.directory) as client:
        subscribe(client)


@pytest.fixture
def parent(warmed_up: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The private parent of default directories, of our own: other programs of this user use the real one."""
    parent = Path(f"/dev/shm/actorbus-test-{os.getpid()}")
    monkeypatch.setattr("actorbus.transport.directory.default_directory", lambda: parent)
    before = snapshot(parent)
    handles = open_handles()
    yield parent
    assert left_since(before, shared_memory=parent) == []
    assert open_handles() == handles
    assert not parent.exists()


@pytest.fixture
def driver(parent: Path) -> Iterator[EmbeddedDriver]:
    with EmbeddedDriver(settings=SETTINGS) as driver:
        yield driver


@pytest.fixture
def client(driver: EmbeddedDriver) -> Iterator[Client]:
    with Client.connect(driver.directory, name="test", conductor_idle_ns=1_000_000) as client:
        yield client
