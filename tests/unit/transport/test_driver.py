from __future__ import annotations

import os
from pathlib import Path
from typing import override

import pytest

from actorbus.errors import ClosedError, DirectoryRefused, DriverUnavailable, InvalidValue, UsageError
from actorbus.transport import driver as module
from actorbus.transport.driver import Driver, EmbeddedDriver, ExternalDriver, OwnDriver
from actorbus.transport.settings import DriverSettings
from tests.unit.transport.test_cnc import write_cnc


class ScriptedDriver(OwnDriver):
    """A driver of ours whose start writes a CnC file, or fails."""

    def __init__(self, directory: Path | None, *, fails: BaseException | None = None) -> None:
        super().__init__(directory, None)
        self.fails = fails
        self.ended = 0

    @override
    def _launch(self, directory: Path, deadline_ns: int) -> None:
        directory.mkdir()
        write_cnc(directory)
        if self.fails is not None:
            raise self.fails

    @override
    def _runs(self) -> bool:
        return True

    @override
    def _end(self, deadline_ns: int) -> None:
        self.ended += 1


def test_a_driver_starts_once_and_its_directory_goes_with_it(tmp_path: Path) -> None:
    driver = ScriptedDriver(tmp_path / "aeron")
    assert not driver.is_alive
    with driver:
        assert driver.is_alive
        assert (driver.directory / "cnc.dat").exists()
    assert not driver.is_alive
    assert not driver.directory.exists()
    driver.close()
    assert driver.ended == 1
    with pytest.raises(ClosedError, match="closed before"):
        driver.start()


def test_a_start_that_fails_leaves_nothing(tmp_path: Path) -> None:
    driver = ScriptedDriver(tmp_path / "aeron", fails=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        driver.start()
    assert driver.ended == 1
    assert list(tmp_path.iterdir()) == []


def test_a_refused_directory_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "aeron").mkdir()
    (tmp_path / "aeron" / "thesis.tex").touch()
    driver = ScriptedDriver(tmp_path / "aeron")
    with pytest.raises(DirectoryRefused):
        driver.start()
    driver.close()
    assert driver.ended == 0
    assert (tmp_path / "aeron" / "thesis.tex").exists()


def test_a_default_directory_has_no_name_before_the_start() -> None:
    with pytest.raises(UsageError, match="start"):
        _ = ScriptedDriver(None).directory


def test_a_forked_child_stops_nothing_of_its_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = ScriptedDriver(tmp_path / "aeron")
    driver.start()
    with monkeypatch.context() as forked:
        forked.setattr(module.os, "getpid", os.getppid)
        driver.close()
    assert driver.ended == 0
    assert driver.directory.exists()
    driver.close()
    assert driver.ended == 1


def test_environment_is_for_driver_processes() -> None:
    with pytest.raises(InvalidValue, match="driver process"):
        EmbeddedDriver(settings=DriverSettings(environment={"AERON_EVENT_LOG": "all"}))


def test_an_external_driver_is_only_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_TIMEOUT_S", 0.01)
    driver = ExternalDriver(tmp_path)
    assert not driver.is_alive
    with pytest.raises(DriverUnavailable):
        driver.start()
    write_cnc(tmp_path)
    with driver:
        assert driver.is_alive
        assert driver.directory == tmp_path
    assert driver.is_alive
    (tmp_path / "cnc.dat").unlink()
    (tmp_path / "cnc.dat").symlink_to("/nowhere")
    assert not driver.is_alive


def test_all_three_are_drivers(tmp_path: Path) -> None:
    assert isinstance(ExternalDriver(tmp_path), Driver)
    assert isinstance(ScriptedDriver(tmp_path), Driver)
