from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from actorbus.errors import ConfigError, DirectoryRefused, DriverUnavailable, UsageError
from actorbus.transport import driver_process as module
from actorbus.transport.driver_process import Answer, Order, ProcessDriver
from actorbus.transport.settings import DriverSettings


def replace_child(monkeypatch: pytest.MonkeyPatch, program: str, *, timeout_s: float = 30) -> None:
    """Let the child run `program`, which may read the order from stdin."""
    monkeypatch.setattr(module, "BOOT", f"import sys, os, json, signal\n{program}")
    monkeypatch.setattr("actorbus.transport.driver.START_TIMEOUT_S", timeout_s)


def test_an_answer_keeps_the_error_and_its_class() -> None:
    answer = Answer(False, "DirectoryRefused", "not that one", why="it is full")
    error = msgspec.json.decode(msgspec.json.encode(answer), type=Answer).to_error()
    assert isinstance(error, DirectoryRefused)
    assert (error.what, error.why) == ("not that one", "it is full")


@pytest.mark.parametrize("name", ["", "NoSuchError", "Problem", "ConfigError", "msgspec"])
def test_an_error_of_no_known_class_is_an_unavailable_driver(name: str) -> None:
    error = Answer(False, name, "something").to_error()
    assert isinstance(error, DriverUnavailable)
    assert not isinstance(error, ConfigError)


def test_an_order_crosses_the_pipe() -> None:
    order = Order("/nowhere", DriverSettings.ci())
    assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order


def test_a_child_that_says_nothing_is_given_up_and_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()"
    replace_child(monkeypatch, deaf, timeout_s=0.3)
    monkeypatch.setattr("actorbus.transport.driver.CLOSE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(module, "KILL_AFTER_S", 0.2)
    driver = ProcessDriver(tmp_path / "aeron")
    began = time.monotonic()
    with pytest.raises(DriverUnavailable, match="no answer in time"):
        driver.start()
    assert time.monotonic() - began < 20
    assert driver.pid is None
    assert not driver.is_alive


def test_a_child_that_dies_tells_its_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_child(monkeypatch, "sys.stdout.close(); os.close(1); sys.stdin.read()")
    driver = ProcessDriver(tmp_path / "aeron")
    with pytest.raises(DriverUnavailable, match="did not start"):
        driver.start()


def test_the_childs_error_is_raised_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = '{"ready": false, "error_class": "DirectoryRefused", "what": "not that one"}'
    replace_child(monkeypatch, f"print('''{said}''', flush=True)")
    with pytest.raises(DirectoryRefused, match="not that one"):
        ProcessDriver(tmp_path / "aeron").start()


def test_the_child_gets_aerons_environment_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERON_DRIVER_DYNAMIC_LIBRARIES", "evil.so")
    environment = module._environment  # pyright: ignore[reportPrivateUsage] - what a child sees is not seen from outside
    assert "AERON_DRIVER_DYNAMIC_LIBRARIES" not in environment(DriverSettings())
    assert environment(DriverSettings(inherit_environment=True))["AERON_DRIVER_DYNAMIC_LIBRARIES"] == "evil.so"
    given = environment(DriverSettings(environment={"AERON_EVENT_LOG": "all"}))
    assert given["AERON_EVENT_LOG"] == "all"
    assert given["PATH"] == os.environ["PATH"]


def test_an_interpreter_without_a_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "executable", "")
    with pytest.raises(UsageError, match="interpreter"):
        ProcessDriver(tmp_path / "aeron").start()
