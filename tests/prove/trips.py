"""Round trips, memory and idle CPU for issue 3, line 7. Fresh processes, pinned, clients closed."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pyaeron

import actorbus as ab
from tests.prove.figures import CHANNEL
from tests.system.processes import environment, external_driver


class Trips(NamedTuple):
    """Round trips in microseconds: (p50, p99)."""

    ours: tuple[float, float]
    peers: tuple[float, float]


class Ping(ab.Message, type_id=5003, version=1):
    n: int
    text: str


class Asker(ab.Handler):
    """Sends a ping, waits for its echo on the poller's thread, sends the next."""

    out = ab.Output(Ping)

    def __init__(self, *, report: str, seconds: float) -> None:
        self.report = report
        self.seconds = seconds
        self.times: list[int] = []
        self.sent_ns = 0
        self.done = False

    def on_start(self) -> None:
        self.began_ns = time.perf_counter_ns()
        self.first = self.every("20ms", self.start_over)

    def start_over(self) -> None:
        if not self.times and not self.done:
            with contextlib.suppress(ab.Refused):
                self.send(0)

    def send(self, n: int) -> None:
        self.sent_ns = time.perf_counter_ns()
        self.out.publish(Ping(n, "EURUSD.SPOT"))

    @ab.on(Ping)
    def echo(self, message: Ping) -> None:
        now = time.perf_counter_ns()
        if self.done:
            return
        self.times.append(now - self.sent_ns)
        if now - self.began_ns > (self.seconds + 0.5) * 1e9:
            self.done = True
            Path(self.report).write_text(json.dumps(sorted(self.times[len(self.times) // 4 :])))
            return
        self.send(message.n + 1)


class Answerer(ab.Handler):
    """Sends every ping back."""

    back = ab.Output(Ping)

    @ab.on(Ping)
    def ping(self, message: Ping) -> None:
        self.back.publish(message)


def _trip_topology(side: str, directory: str, report: str) -> dict[str, object]:
    streams = {
        name: {"channel": CHANNEL, "stream_id": number, "messages": ["tests.prove.trips:Ping"]}
        for name, number in (("there", 5011), ("back", 5012))
    }
    cpu, inward, outward, cls, output, options = {
        "ask": (0, "back", "there", "Asker", "out", {"report": report, "seconds": 1.5}),
        "answer": (1, "there", "back", "Answerer", "back", {}),
    }[side]
    return {
        "version": 1,
        "name": side,
        "driver": {"mode": "external", "directory": directory},
        "pollers": {"main": {"streams": [inward], "cpu": cpu, "idle": "busy_spin"}},
        "streams": streams,
        "handlers": {
            side: {
                "stream": inward,
                "class": f"tests.prove.trips:{cls}",
                "publishes": {output: outward},
                "options": options,
            }
        },
    }


def trip(side: str, directory: str, report: str) -> None:
    """One side of our round trip, until the report is there."""
    pause = threading.Event()
    with ab.Node.from_dict(_trip_topology(side, directory, report)):
        deadline = time.monotonic() + 30
        while not Path(report).exists() and time.monotonic() < deadline:
            pause.wait(0.05)


def raw_trip(side: str, directory: str, report: str) -> None:
    """One side of pyaeron's raw round trip, as its own examples do it."""
    os.sched_setaffinity(0, {0 if side == "ask" else 1})
    payload = bytes(32)
    there, back = (5021, 5022)
    with pyaeron.Aeron(dir=directory) as aeron:
        if side == "answer":
            with (
                aeron.add_subscription(CHANNEL, there) as subscription,
                aeron.add_exclusive_publication(CHANNEL, back) as publication,
            ):

                def echo(buffer: bytes, header: object = None) -> None:
                    while not publication.offer(buffer):
                        pass

                deadline = time.monotonic() + 30
                while not Path(report).exists() and time.monotonic() < deadline:
                    for _ in range(100_000):
                        subscription.poll(echo, 1)
            return
        with (
            aeron.add_subscription(CHANNEL, back) as replies,
            aeron.add_exclusive_publication(CHANNEL, there) as publication,
        ):
            publication.await_connected(20)
            times: list[int] = []

            def reply(buffer: bytes, header: object = None) -> None:
                pass

            clock = time.perf_counter_ns
            until = clock() + 2_000_000_000
            while clock() < until:
                start = clock()
                while not publication.offer(payload):
                    pass
                while not replies.poll(reply, 1):
                    pass
                times.append(clock() - start)
            Path(report).write_text(json.dumps(sorted(times[len(times) // 4 :])))


def _one_trip(kind: str) -> tuple[float, float]:
    with external_driver() as directory, tempfile.TemporaryDirectory() as place:
        report = str(Path(place) / "times.json")
        sides = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.prove.trips", kind, side, str(directory), report], env=environment()
            )
            for side in ("answer", "ask")
        ]
        try:
            for side in sides:
                assert side.wait(60) == 0, f"{kind} ended with {side.returncode}"
        finally:
            for side in sides:
                side.kill()
        times = json.loads(Path(report).read_text())
    return times[len(times) // 2] / 1e3, times[len(times) * 99 // 100] / 1e3


def round_trips(runs: int) -> Trips:
    """Return medians over interleaved runs in fresh processes."""
    ours, peers = [], []
    for _ in range(runs):
        ours.append(_one_trip("trip"))
        peers.append(_one_trip("raw_trip"))

    def middle(found: list[tuple[float, float]]) -> tuple[float, float]:
        return statistics.median(p50 for p50, _ in found), statistics.median(p99 for _, p99 in found)

    return Trips(middle(ours), middle(peers))


# -- memory and idle ---------------------------------------------------------------------------------------------------

ALONE = """
import json, os, sys, threading, time
import actorbus as ab
from tests.prove.trips import Ping
node = ab.Node.from_dict({"version": 1, "name": "alone",
    "streams": {"pings": {"stream_id": 1, "messages": ["tests.prove.trips:Ping"]}},
    "handlers": {"count": {"stream": "pings", "class": "count"}}})
with node:
    publish = node.publisher("pings").publish
    for n in range(2000):
        publish(Ping(n, "x"))
    pause = threading.Event()
    pause.wait(1)
    lines = dict(line.split(":") for line in open("/proc/self/status").read().splitlines())
    kib = {name: int(lines[name].split()[0]) for name in ("RssAnon", "RssFile", "RssShmem")}
    before, began = time.process_time(), time.perf_counter()
    pause.wait(5)
    share = (time.process_time() - before) / (time.perf_counter() - began)
print(json.dumps({**kib, "idle": share}))
"""


def _alone() -> dict[str, float]:
    out = subprocess.run(
        [sys.executable, "-c", ALONE], env=environment(), stdout=subprocess.PIPE, text=True, timeout=60, check=True
    ).stdout
    return json.loads(out.splitlines()[-1])


def memory() -> str:
    """RssAnon + RssFile of a node with one publisher and one subscriber, driver embedded."""
    found = _alone()
    return (
        f"node with embedded driver RssAnon + RssFile {(found['RssAnon'] + found['RssFile']) / 1024:.1f} MB "
        f"(shared memory {found['RssShmem'] / 1024:.1f} MB)"
    )


def idle() -> str:
    """CPU of an idle `laptop` node with its embedded driver."""
    return f"idle laptop node with its driver {_alone()['idle']:.2%} of a core"


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    # The module the topologies name, not __main__.
    getattr(importlib.import_module("tests.prove.trips"), command)(*rest)
