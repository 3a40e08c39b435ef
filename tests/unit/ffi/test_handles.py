from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, InvalidValue, NativeError
from actorbus.ffi.handles import ClientHandle, DriverHandle, Handle, open_handles, printed_lines
from actorbus.ffi.library import load
from actorbus.ffi.native import lib


@pytest.fixture(autouse=True)
def loaded() -> None:
    load()


def soon() -> int:
    return time.monotonic_ns() + 5_000_000_000


def test_a_driver_takes_settings_until_it_is_closed() -> None:
    before = open_handles()
    driver = DriverHandle.open()
    assert open_handles() == before + 1
    driver.set("term_buffer_length", 1 << 16)
    driver.set("term_buffer_sparse_file", False)
    driver.set("shared_idle_strategy", "backoff")
    driver.close(soon())
    driver.close(soon())
    assert open_handles() == before
    with pytest.raises(ClosedError, match="media driver is closed"):
        driver.set("term_buffer_length", 1 << 16)


def test_a_setting_that_does_not_exist_is_named() -> None:
    driver = DriverHandle.open()
    with pytest.raises(InvalidValue, match="no_such_thing"):
        driver.set("no_such_thing", 1)
    with pytest.raises((InvalidValue, NativeError), match="shared_idle_strategy"):
        driver.set("shared_idle_strategy", "dancing")
    driver.close(soon())


def test_a_client_that_never_connected_closes(tmp_path: Path) -> None:
    client = ClientHandle.open(tmp_path, "test", driver_timeout_ms=10_000, idle_ns=1_000_000)
    assert not client.is_lost
    assert client.take_errors() == []
    client.drain()
    client.close(soon())
    client.close(soon())
    client.drain()
    with pytest.raises(ClosedError, match="Aeron client is closed"):
        _ = client.is_lost
    with pytest.raises(ClosedError):
        client.connect()


def test_a_name_longer_than_aeron_takes_is_cut(tmp_path: Path) -> None:
    client = ClientHandle.open(tmp_path, "x" * 500, driver_timeout_ms=10_000, idle_ns=1_000_000)
    client.close(soon())


def test_an_interrupted_close_is_finished_by_the_next() -> None:
    driver = DriverHandle.open()
    calls: list[int] = []

    def interrupted(*_: object) -> int:
        calls.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        driver._close(lib.ab_driver_retire, interrupted, soon())  # pyright: ignore[reportPrivateUsage] - the seam under test
    before = open_handles()
    driver.close(soon())
    assert calls == [1]
    assert open_handles() == before  # it was stale since the first step


def test_the_child_of_a_fork_has_only_stale_handles(tmp_path: Path) -> None:
    client = ClientHandle.open(tmp_path, "test", driver_timeout_ms=10_000, idle_ns=1_000_000)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            client.close(soon())  # does nothing
            try:
                _ = client.is_lost
            except ClosedError:
                code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not client.is_lost
    client.close(soon())


def test_a_stale_handle_says_what_it_was() -> None:
    with pytest.raises(ClosedError, match="the handle is closed, here"):
        Handle(0, "here")._known(lib.AB_STALE)  # pyright: ignore[reportPrivateUsage] - the seam under test


def test_nothing_was_printed() -> None:
    assert isinstance(printed_lines(), list)
    assert printed_lines() == []
