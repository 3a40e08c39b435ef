from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from actorbus.errors import ClosedError, DriverLost, DriverUnavailable, LibraryMissing
from actorbus.transport import client as module
from actorbus.transport.client import Client, Counter
from tests.unit.transport.fakes import FakeClientHandle, FakeHandle


class FakeCounterHandle(FakeHandle):
    id = 3


def make(log: list[str]) -> Client:
    made: Any = Client
    return made(FakeClientHandle("client", log), Path("/nowhere"), "test")


def add(client: Client, log: list[str], name: str, *, fails: DriverLost | None = None) -> Counter:
    made: Any = Counter
    return client._add(lambda _: made(client, FakeCounterHandle(name, log, fails=fails), name), None)  # pyright: ignore[reportPrivateUsage] - the seam under test


def test_children_close_before_the_client_newest_first() -> None:
    log: list[str] = []
    client = make(log)
    for name in ("first", "second", "third"):
        add(client, log, name)
    assert client.children == 3
    client.close()
    client.close()
    assert log == ["drain", "third", "second", "first", "client", "drain"]
    assert client.children == 0


def test_a_child_closed_by_itself_is_not_closed_again() -> None:
    log: list[str] = []
    client = make(log)
    add(client, log, "child").close()
    client.close()
    assert log == ["child", "drain", "client"]


def test_a_child_that_fails_to_close_stops_no_other_and_is_told() -> None:
    log: list[str] = []
    client = make(log)
    add(client, log, "first")
    add(client, log, "second", fails=DriverLost("gone"))
    with pytest.raises(DriverLost, match="gone"):
        client.close()
    assert log == ["drain", "second", "first", "client"]


def test_nothing_is_added_after_the_close() -> None:
    log: list[str] = []
    client = make(log)
    client.close()
    with pytest.raises(ClosedError, match="closed"):
        add(client, log, "late")


def test_the_close_waits_for_an_add_in_another_thread_and_closes_what_it_made() -> None:
    log: list[str] = []
    client = make(log)
    inside, go_on = threading.Event(), threading.Event()
    made: Any = Counter

    def slow(_: int) -> Counter:
        inside.set()
        go_on.wait(30)
        return made(client, FakeCounterHandle("late", log), "late")

    adder = threading.Thread(target=client._add, args=(slow, None))  # pyright: ignore[reportPrivateUsage] - the seam under test
    adder.start()
    assert inside.wait(30)
    closer = threading.Thread(target=client.close)
    closer.start()
    go_on.set()
    adder.join(30)
    closer.join(30)
    assert log == ["drain", "late", "client"]


def test_leaving_the_block_closes_also_on_an_exception() -> None:
    log: list[str] = []
    with pytest.raises(ZeroDivisionError), make(log):
        raise ZeroDivisionError
    assert "client" in log


def test_it_tells_what_aeron_reported() -> None:
    client = make([])
    assert client.take_errors() == [(1000, "driver timeout")]
    assert (client.id, client.is_lost) == (4, False)
    assert "/nowhere" in repr(client)


def test_a_forked_child_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    client = make(log)
    monkeypatch.setattr(module.os, "getpid", os.getppid)
    client.close()
    assert log == []


def test_no_driver_is_told_before_aeron_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load", lambda: None)
    monkeypatch.setattr(module, "ClientHandle", None)  # not reached
    with pytest.raises(DriverUnavailable, match=r"no cnc\.dat"):
        Client.connect(tmp_path, deadline_ns=0)


def test_no_library_is_told_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise LibraryMissing("no Aeron library could be loaded")

    monkeypatch.setattr(module, "load", missing)
    with pytest.raises(LibraryMissing):
        Client.connect(tmp_path, deadline_ns=0)
