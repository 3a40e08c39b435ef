"""`replay`: a recording of single typed messages, from its first to its last, into lists of decoded messages.

recorded   by a node with a recorder, `publish` one by one: every message is a record of its own, no batch frames
handled    a batch handler with `start: earliest` (`BatchSink`, the one of `throughput`), behind the recording it reads:
           native reader, our frame checked, gap check, decode and handler on the poller's thread: the row
replayed   `node.subscribe(..., start="earliest", end="now")`, `batches()`: the same, decoded on an actor's thread and
           handed to the caller's, which reads one number of each message as `BatchSink` does
files      the same records by the native reader alone, copied to Python without a decode: what is below it
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec

import actorbus as ab
from actorbus.bench import rig
from actorbus.bench.handlers import BatchSink, last_made
from actorbus.bench.record import figure
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.work import Fill, Quote, typed_message
from actorbus.errors import BrokenError
from actorbus.ffi.journal_reader import JournalReaderHandle
from actorbus.topology.node import Node

__all__ = ["TO_HANDLER", "handle", "read", "record", "replay", "run"]

MESSAGES = 2_000_000
HERE = "actorbus.bench.scenarios.replaying"
CASE = "replay, typed messages, one a record"
TO_HANDLER = "to a batch handler"
CHANNEL = "aeron:ipc?term-length=16m"
DIFFERENT = 4096
IDLE_NS = 200_000_000
LOOK_S, WITHIN_S = 0.002, 60


def run(session: Session) -> None:
    """Measure; every round in a process of its own."""
    if not session.can("actorbus"):
        return
    effort = session.effort
    messages = MESSAGES // 20 if effort.quick else MESSAGES
    folder = Path(tempfile.mkdtemp(prefix="actorbus-bench-"))
    rates: dict[str, list[float]] = {"handle": [], "replay": [], "read": []}
    costs: list[float] = []
    try:
        given: dict[str, object] = {"folder": str(folder / "tape"), "messages": messages}
        if session.attempt(f"record {messages:,} messages", lambda: _alone("record", given)) is not None:
            for number in range(effort.forks):
                for what, found in rates.items():
                    answer = session.attempt(f"{what}, run {number + 1}", lambda what=what: _alone(what, given))
                    if answer is not None:
                        found.append(answer["rate"])
                        costs += [answer["cpu_s"] * 1e9 / messages] if what == "handle" else []
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    more: dict[str, object] = {"asked": effort.forks, "case": CASE}
    session.keep(
        figure, "actorbus", "msgs_per_s", rates["handle"], note=TO_HANDLER,
        ran=[f"{HERE}:handle", f"{HERE}:TimedSink", "actorbus.bench.handlers:BatchSink"], **more,
    )  # fmt: skip
    session.keep(figure, "actorbus", "message_ns", costs, note="CPU time of all threads of that process", **more)
    session.keep(
        figure, "actorbus", "msgs_per_s", rates["replay"], note="to the application's own loop, in batches",
        ran=[f"{HERE}:replay"], **more,
    )  # fmt: skip
    session.keep(
        figure, "actorbus", "msgs_per_s", rates["read"], note="read and copied, nothing decoded", ran=[f"{HERE}:read"],
        **more,
    )  # fmt: skip


def _alone(what: str, given: dict[str, object]) -> dict[str, float]:
    with rig.driver() as directory:
        answer = rig.run(rig.Side(f"{HERE}:{what}", {**given, "directory": directory}))[0]
    return msgspec.convert(answer, dict[str, float])


def _topology(directory: str, **more: object) -> dict[str, object]:
    return {
        "version": 1,
        "name": "bench-replay",
        "driver": {"mode": "external", "directory": directory},
        "observability": {"log": {"level": "error"}},
        "streams": {"main": {"channel": CHANNEL, "stream_id": 6001, "messages": [Quote, Fill]}},
        **more,
    }


def _tape(folder: str) -> dict[str, object]:
    return {"tape": {"streams": ["main"], "directory": folder, "sync": "none"}}


def record(folder: str, messages: int, directory: str) -> dict[str, object]:
    """Record so many messages. A process of its own.

    Raises:
        BrokenError: not all were recorded.
    """
    made = [typed_message(number) for number in range(DIFFERENT)]
    with Node.from_dict(_topology(directory, recorders=_tape(folder))) as node:
        publish = node.publisher("main").publish
        began = time.perf_counter()
        for number in range(messages):
            publish(made[number % DIFFERENT])
        node.wait(until_idle_ns=IDLE_NS)
        spent = time.perf_counter() - began
    kept = node.stats().recorders["tape"].records
    if kept != messages:
        raise BrokenError(f"{kept:,} of {messages:,} messages were recorded")
    return {"rate": messages / spent, "cpu_s": time.process_time()}


class TimedSink(BatchSink):
    """Notes when its first batch comes and its last one is handled, a clock's reading a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.began = self.used = self.ended = 0.0

    def on_batch(self, messages: Sequence[Quote | Fill], meta: ab.BatchMeta, /) -> None:
        """Take a batch."""
        if not self.count:
            self.began, self.used = time.perf_counter(), time.process_time()
        super().on_batch(messages, meta)
        self.ended = time.perf_counter()


def handle(folder: str, messages: int, directory: str) -> dict[str, object]:
    """Let a batch handler read the recording of its stream from its first message on. A process of its own.

    Raises:
        BrokenError: not all came in time.
    """
    handlers = {"sink": {"streams": ["main"], "class": TimedSink, "start": "earliest"}}
    with Node.from_dict(_topology(directory, recorders=_tape(folder), handlers=handlers)):
        sink, until = cast("TimedSink", last_made(TimedSink)), time.perf_counter() + WITHIN_S
        while sink.count < messages and time.perf_counter() < until:
            time.sleep(LOOK_S)
        used = time.process_time() - sink.used
    if sink.count != messages or not sink.last:
        raise BrokenError(f"{sink.count:,} of {messages:,} messages were handled")
    return {"rate": messages / (sink.ended - sink.began), "cpu_s": used}


def replay(folder: str, messages: int, directory: str) -> dict[str, object]:
    """Replay all and read one number of each. A process of its own.

    Raises:
        BrokenError: not all came.
    """
    with Node.from_dict(_topology(directory)) as node:
        began, used, count, last = time.perf_counter(), time.process_time(), 0, 0
        with node.subscribe("main", Quote, Fill, start="earliest", end="now", recording=folder) as replayed:
            for batch in replayed.batches():
                for m in batch:
                    if type(m) is Quote:
                        last = m.bid
                    elif type(m) is Fill:
                        last = m.price
                count += len(batch)
                if count >= messages:
                    break
            spent, used = time.perf_counter() - began, time.process_time() - used
    if count != messages or not last:
        raise BrokenError(f"{count:,} of {messages:,} messages were replayed")
    return {"rate": messages / spent, "cpu_s": used}


def read(folder: str, messages: int, directory: str) -> dict[str, object]:
    """Read all records natively, copied. A process of its own; it needs no driver.

    Raises:
        BrokenError: not all are there.
    """
    reader = JournalReaderHandle.open(folder)
    began, used, count = time.perf_counter(), time.process_time(), 0
    while batch := reader.batch():
        count += len(batch)
    spent, used = time.perf_counter() - began, time.process_time() - used
    reader.close()
    if count != messages:
        raise BrokenError(f"{count:,} of {messages:,} records were read", why=f"of {folder}, beside {directory}")
    return {"rate": messages / spent, "cpu_s": used}
