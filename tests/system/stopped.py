"""A consumer in a process of its own, stopped for some seconds while a paced publisher goes on under one policy.

python -m tests.system.stopped DIRECTORY      the consumer: reads until the publisher says Bye, prints what it saw
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import actorbus as ab
from tests.system.processes import environment, external_driver

PARTS = "tests.system.stopped"
KEYS = 16
PACE_S = 0.002
FLUSHED_S = 2.0
"""How long the publisher goes on after the stop, and the consumer may take to catch up."""


class Tick(ab.Message, type_id=1001, version=1):
    symbol: str
    n: int


class Reader(ab.Handler):
    """Counts, keeps the newest of each symbol, notes what is out of order."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self.newest: dict[str, int] = {}
        readers.append(self)

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        self.count += 1
        if message.n <= self.newest.get(message.symbol, -1):
            self.wrong += 1
        self.newest[message.symbol] = message.n

    def on_event(self, event: ab.StreamEvent, /) -> None:
        if isinstance(event, ab.PublisherLeft):
            ended.set()


readers: list[Reader] = []
ended = threading.Event()


def _topology(directory: str, back_pressure: dict[str, object], handlers: dict[str, object]) -> dict[str, object]:
    return {
        "version": 1,
        "name": "stopped",
        "driver": {"mode": "external", "directory": directory},
        "streams": {
            "ticks": {
                "stream_id": 1001,
                "channel": "aeron:ipc?term-length=256k",
                "messages": [f"{PARTS}:Tick"],
                "back_pressure": back_pressure,
            }
        },
        "handlers": handlers,
    }


def read(directory: str) -> None:
    """Be the consumer."""
    here = importlib.import_module(PARTS)  # the module that the topology imports, which __main__ is not
    handlers: dict[str, object] = {"reader": {"stream": "ticks", "class": f"{PARTS}:Reader"}}
    with ab.Node.from_dict(_topology(directory, {}, handlers)) as node:
        print("ready", flush=True)
        here.ended.wait(60)
    stream, reader = node.stats().streams["ticks"], here.readers[0]
    print(
        json.dumps(
            {
                "count": reader.count,
                "wrong": reader.wrong,
                "newest": reader.newest,
                "received": stream.received,
                "missing": stream.missing,
            }
        )
    )


def _cpu_s() -> dict[int, float]:
    """CPU time of each thread of this process."""
    found: dict[int, float] = {}
    for task in Path("/proc/self/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        found[int(task.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


class Outcome:
    """What the publisher met."""

    def __init__(self) -> None:
        self.sent = 0
        self.refused = 0
        self.waits_s: list[float] = []
        self.newest: dict[str, int] = {}
        self.busiest = 0.0
        """Share of a core of the busiest thread during the stop, the publishing one aside unless it waits."""


def _publish(publisher: ab.Publisher[Tick], child: int, rate: int, stop_s: float, *, blocks: bool) -> Outcome:
    """Publish at `rate` for a second, the stop, and some more; stop and continue the consumer in between."""
    outcome = Outcome()
    me = threading.get_native_id()
    pace, per_turn = threading.Event(), round(rate * PACE_S)
    began = due = time.monotonic()
    stop_at, go_on_at = began + 1, began + 1 + stop_s
    end = go_on_at + FLUSHED_S
    stopped, before = 0, dict[int, float]()
    n = 0
    while (now := time.monotonic()) < end:
        if stopped == 0 and now >= stop_at:
            os.kill(child, signal.SIGSTOP)
            stopped, before = 1, _cpu_s()
        if stopped == 1 and now >= go_on_at:
            os.kill(child, signal.SIGCONT)
            used = {task: cpu - before.get(task, 0.0) for task, cpu in _cpu_s().items() if blocks or task != me}
            stopped, outcome.busiest = 2, max(used.values()) / (now - stop_at)
        for _ in range(per_turn):
            message = Tick(f"S{n % KEYS}", n)
            n += 1
            asked = time.monotonic()
            try:
                publisher.publish(message)
            except ab.BackPressured:
                outcome.refused += 1
                outcome.waits_s.append(time.monotonic() - asked)
                break
            outcome.sent += 1
            outcome.newest[message.symbol] = message.n
        due = max(due + PACE_S, time.monotonic() - 0.1)
        pace.wait(max(0.0, due - time.monotonic()))
    return outcome


def stopped_under(policy: str, stop_s: float, timeout_s: float, *, rate: int = 100_000, tolerance: float = 0.1) -> str:
    """Stop the consumer for `stop_s` under a policy; returns the figure, or raises AssertionError."""
    back_pressure: dict[str, object] = {"policy": policy, "timeout": f"{round(timeout_s * 1000)}ms"}
    if policy == "conflate":
        back_pressure["key"] = "symbol"
    with external_driver() as directory:
        child = subprocess.Popen(
            [sys.executable, "-m", PARTS, str(directory)],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n", "the consumer did not start"
            with ab.Node.from_dict(_topology(str(directory), back_pressure, {})) as node:
                publisher = node.publisher("ticks", Tick)
                outcome = _publish(publisher, child.pid, rate, stop_s, blocks=policy == "block")
            dropped = node.stats().streams["ticks"].dropped
            out, _ = child.communicate(timeout=30)
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.kill()
                child.communicate()
    seen = json.loads(out)
    delivered = seen["count"]
    assert delivered + dropped == outcome.sent, f"{delivered} delivered + {dropped} dropped != {outcome.sent} sent"
    assert seen["missing"] == dropped, f"{seen['missing']} missing, {dropped} dropped"
    assert seen["wrong"] == 0, f"{seen['wrong']} out of order"
    assert outcome.busiest < 0.25, f"a thread used {outcome.busiest:.0%} of a core during the stop"
    figure = f"{policy}: {outcome.sent:,} sent = {delivered:,} delivered + {dropped:,} dropped"
    if policy in ("block", "raise"):
        assert outcome.refused > 0, "nothing was refused"
        assert dropped == 0, f"{dropped} dropped"
        figure += f", {outcome.refused:,} refused"
    else:
        assert outcome.refused == 0, f"{outcome.refused} refused"
        assert dropped > 0, "nothing was dropped"
    if policy == "block":
        assert all(abs(wait - timeout_s) <= timeout_s * tolerance for wait in outcome.waits_s), (
            f"waits: {outcome.waits_s}"
        )
        figure += f" after {min(outcome.waits_s):.3f} to {max(outcome.waits_s):.3f} s"
    if policy == "conflate":
        assert seen["newest"] == outcome.newest, "the newest of a key did not arrive"
    return f"{figure}, busiest thread {outcome.busiest:.0%}"


if __name__ == "__main__":
    read(sys.argv[1])
