"""Recorders of a real node, over the real media driver: what is published is on the disk, as received and in order."""

from __future__ import annotations

import os
import signal
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import actorbus as ab
from actorbus.actors.endpoints import Endpoints
from actorbus.actors.recorders import Recorders
from actorbus.actors.shell import join
from actorbus.dispatch import Publisher
from actorbus.journal import open_recording
from actorbus.metrics import RecorderCounter, Statistics
from actorbus.topology.assembly import session_parts
from actorbus.topology.check import check_python
from actorbus.topology.plan import build_plan
from actorbus.transport import EmbeddedDriver, ProcessDriver, connect
from tests.support.aeron import SETTINGS, until

MESSAGES = 5_000
BACKENDS = ["jsonl", "journal"]


class Tick(ab.Message, type_id=1001, version=1):
    """A numbered message."""

    n: int
    text: str = ""


def topology(tmp_path: Path, backend: str, **tape: object) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "recorded",
        "profile": "ci",
        "streams": {
            "ticks": {"channel": "aeron:ipc?term-length=256k", "stream_id": 1001, "messages": [Tick]},
            "others": {"channel": "aeron:ipc?term-length=256k", "stream_id": 1002, "messages": [Tick]},
        },
        "recorders": {
            "tape": {"streams": ["ticks", "others"], "directory": str(tmp_path / "tape"), "backend": backend, **tape}
        },
    }


def publish(node: ab.Node, first: int = 0) -> None:
    ticks, others = node.publisher("ticks"), node.publisher("others")
    for n in range(first, first + MESSAGES):
        ticks.publish(Tick(n, "x" * (n % 3_000 if n % 500 == 0 else 3)))
        if n % 10 == 0:
            others.publish(Tick(n))


def numbers(directory: Path, stream: str) -> list[int]:
    with open_recording(directory) as reader:
        by_name = {row.number: row.name for row in reader.streams.values()}
        records = list(reader)
    assert [record.sequence for record in records] == list(range(len(records)))
    own = [record for record in records if by_name[record.stream] == stream]
    return [int.from_bytes(record.payload[16:24], "little") for record in own]  # the frame's sequence


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["embedded", "none"])
def test_all_that_is_published_is_recorded_in_order_and_durable_at_the_end(
    tmp_path: Path, backend: str, mode: str
) -> None:
    values = {**topology(tmp_path, backend), "driver": {"mode": mode}}
    with ab.Node.from_dict(values) as node:
        publish(node)
        assert node.wait(until_idle_ns=150_000_000, for_ns=30_000_000_000) == "idle"
        assert node.stats().recorders["tape"].records == MESSAGES + MESSAGES // 10

    recorders: Any = node.summary()["recorders"]
    tape = recorders["tape"]
    assert tape["records"] == MESSAGES + MESSAGES // 10
    assert tape["durable_position"] == tape["appended_position"] > 0
    assert numbers(tmp_path / "tape", "ticks") == list(range(MESSAGES))
    assert numbers(tmp_path / "tape", "others") == list(range(MESSAGES // 10))
    assert node.failed is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_run_extends_the_recording(tmp_path: Path, backend: str) -> None:
    for run in range(2):
        with ab.Node.from_dict(topology(tmp_path, backend)) as node:
            publish(node, run * MESSAGES)

    assert numbers(tmp_path / "tape", "ticks") == [*range(MESSAGES), *range(MESSAGES)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_recording_that_another_writes_to_ends_the_start_and_nothing_is_left_open(
    tmp_path: Path, backend: str
) -> None:
    with ab.Node.from_dict(topology(tmp_path, backend)) as node:
        publish(node)
        with pytest.raises(ab.RecordingError, match="tape"), ab.Node.from_dict(topology(tmp_path, backend)):
            pass

    assert len(numbers(tmp_path / "tape", "ticks")) == MESSAGES


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_published_before_the_close_is_recorded_without_any_wait(tmp_path: Path, backend: str) -> None:
    with ab.Node.from_dict(topology(tmp_path, backend, sync="none")) as node:
        publish(node)

    assert numbers(tmp_path / "tape", "ticks") == list(range(MESSAGES))


@pytest.mark.parametrize("backend", BACKENDS)
def test_recorders_that_follow_each_other_beside_a_living_publisher_record_each_message_once(
    tmp_path: Path, backend: str
) -> None:
    values = topology(tmp_path, backend, sync="none")
    stream = {**values["streams"]["ticks"], "back_pressure": {"timeout": "30s"}}
    tape = {"tape": {**values["recorders"]["tape"], "streams": ["ticks"]}}
    with EmbeddedDriver(tmp_path / "driver", SETTINGS) as driver, ThreadPoolExecutor(1) as pool:
        external = {"mode": "external", "directory": str(driver.directory)}
        shared = {**values, "streams": {"ticks": stream}, "driver": external, "recorders": {}}
        over = threading.Event()

        def publish_until_over() -> int:
            with ab.Node.from_dict({**shared, "name": "publisher"}) as node:
                ticks, number = node.publisher("ticks"), 0
                while not over.wait(0.0002):
                    ticks.publish(Tick(number))
                    number += 1
                return number

        publishing = pool.submit(publish_until_over)
        for last in (False, False, False, True):
            with ab.Node.from_dict({**shared, "recorders": tape}) as node:
                until(lambda node=node: node.stats().recorders["tape"].records > 50)
                if last:
                    over.set()
                    sent = publishing.result(timeout=30)

    assert numbers(tmp_path / "tape", "ticks") == list(range(sent))


ADD_BYTES = 64
"""Of the command that adds a subscription, at least; a keep-alive has 24."""


def commands_of(directory: Path) -> int:
    """How many bytes of commands clients have sent to a driver (the layout: actorbus/transport/cnc.py)."""
    cnc = (directory / "cnc.dat").read_bytes()
    end: int = 128 + struct.unpack_from("<i", cnc, 4)[0]
    tail: int = struct.unpack_from("<q", cnc, end - 768 + 128)[0]
    return tail


def publish_ticks(publisher: Publisher[object], recorders: Recorders, first: int, end: int) -> None:
    """Publish, and wait until all is in the recording."""
    block = recorders.blocks["tape"]
    before = block[RecorderCounter.RECORDS]
    for number in range(first, end):
        publisher.publish(Tick(number))
    until(lambda: block[RecorderCounter.RECORDS] == before + end - first)


def _fail(_name: str, error: BaseException) -> None:
    raise AssertionError from error


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_comes_again_because_aeron_joins_before_it_is_left_out_and_counted(tmp_path: Path, backend: str) -> None:
    """Where the driver joins the second recorder depends on where in its work it was stopped: so more than once."""
    repeated = 0
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        repeated = repeated_beside_a_driver_that_stood_still(folder, backend)
        assert numbers(folder / "tape", "ticks") == list(range(200))
        if repeated == 50:
            return
    pytest.fail(f"ten times the driver joined it elsewhere; at last {repeated} messages came again")


def repeated_beside_a_driver_that_stood_still(tmp_path: Path, backend: str) -> int:
    """The driver stands still while the first recorder takes the last messages: it joins the second one before them."""
    checked = check_python(topology(tmp_path, backend, sync="none"), env={})
    plan = build_plan(checked)
    parts = session_parts(plan)
    with (
        ProcessDriver(tmp_path / "driver", SETTINGS) as driver,
        closing(connect(driver, "test")) as client,
        closing(Statistics.private(size=1 << 20)) as statistics,
        ThreadPoolExecutor(1) as pool,
    ):
        endpoints = Endpoints(client, statistics, parts.clock)
        endpoints.add(parts.streams.values())
        first, second = (Recorders(parts, report=_fail, on_event=lambda _: None) for _ in range(2))
        first.start(endpoints, statistics)
        ticks = endpoints.publisher("ticks")
        endpoints.wait_connected(["ticks"], 10**10)
        assert driver.pid is not None
        publish_ticks(ticks, first, 0, 100)
        os.kill(driver.pid, signal.SIGSTOP)
        try:
            publish_ticks(ticks, first, 100, 150)
            for _, actor in first._actors.values():  # as a kill leaves it: the subscription is still there
                actor.request_stop()
                assert join(actor, 20)
            asked = commands_of(tmp_path / "driver")
            began = pool.submit(second.start, endpoints, statistics)
            until(lambda: commands_of(tmp_path / "driver") >= asked + ADD_BYTES)
        finally:
            os.kill(driver.pid, signal.SIGCONT)
        began.result(timeout=20)
        publish_ticks(ticks, second, 150, 200)
        repeated = second.blocks["tape"][RecorderCounter.REPEATED]  # they came before those just recorded
        second.end()
        first.end()
        ticks.release()
    return repeated
