"""The transports and backends of recordings the suite runs on. One driver serves a module; each test has a client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.transport import Client, DriverSettings, EmbeddedDriver, LocalDriver
from tests.conformance.places import Place
from tests.conformance.recordings import BACKENDS, Kind

TRANSPORTS = ("in-process", "ipc", "udp")


@pytest.fixture(scope="module")
def driver() -> Iterator[EmbeddedDriver]:
    with EmbeddedDriver(settings=DriverSettings.ci()) as driver:
        yield driver


@pytest.fixture(params=TRANSPORTS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    name: str = request.param
    if name == "in-process":
        with LocalDriver() as local, local.connect("conformance") as client:
            place = Place(name, client)
            yield place
            place.close()
        return
    driver: EmbeddedDriver = request.getfixturevalue("driver")
    with Client.connect(driver.directory, name="conformance", conductor_idle_ns=1_000_000) as client:
        place = Place(name, client)
        yield place
        place.close()


@pytest.fixture(params=BACKENDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "tape"
