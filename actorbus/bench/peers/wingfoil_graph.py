"""wingfoil: a graph in each process, with `aeron_pub` and `aeron_sub(mode="spin")`, on the case's driver.

A graph keeps its process while it runs, so that each turn is a run of a graph. Its `aeron_pub` drops what meets back
pressure, and ends the run at the end of a term (ADMIN_ACTION): hence round trips on terms of 1 GiB, and no lane.
"""

from __future__ import annotations

import importlib
import os
import time
from typing import Any

from actorbus.bench.case import Case
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words

__all__ = ["ABOUT", "PACKAGE", "ping", "pong", "ran", "sink", "source"]

ABOUT = (
    "A Rust engine for graphs of streams with Aeron at its edges; keeps its process; drops what meets back pressure."
)
PACKAGE = "wingfoil"
CHANNEL = "aeron:ipc?term-length=1g"
LIMIT_NS = 120_000_000_000


class _Done(Exception):
    """Raised in a node: the documented way for Python code to end a run."""


def _graph(case: Case) -> tuple[Any, Any]:
    """Return the module and a graph on the case's driver."""
    os.environ["AERON_DIR"] = case.directory
    wingfoil: Any = importlib.import_module("wingfoil")
    return wingfoil, wingfoil.Graph()


def _run(graph: Any, done: list[bool]) -> None:
    try:
        graph.run(realtime=True, duration_nanos=LIMIT_NS)
    except Exception:
        if not done:
            raise


def _no_lane(case: Case) -> NotImplementedError:
    """Return why it takes no turns, once it was seen to work here at all: a graph with both ends is made."""
    wingfoil, graph = _graph(case)
    wingfoil.aeron_pub(wingfoil.aeron_sub(graph, CHANNEL, case.stream_id, mode="spin"), CHANNEL, case.stream_id + 1)
    return NotImplementedError("a graph keeps its process: it cannot take turns; and drops what meets back pressure")


def source(case: Case) -> Any:
    """Not here: a graph keeps its process, and loses what meets back pressure."""
    raise _no_lane(case)


def sink(case: Case) -> Any:
    """Likewise."""
    raise _no_lane(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes, from node to node; an answer to a question that was asked twice is not counted."""
    wingfoil, graph = _graph(case)
    found, clock, done = Latencies(), time.perf_counter_ns, list[bool]()
    state = {"number": 0, "start": 0, "warm": 0, "until": 0}

    def ask() -> bytes:
        state["number"] += 1
        body = state["number"].to_bytes(32, "little")
        state["start"] = clock()
        return body

    def kick(_: object) -> bytes | None:
        """Ask until the first answer: what is published before the other side is linked is dropped."""
        return None if state["until"] else ask()

    def answered(burst: Any) -> bytes | None:
        now = clock()
        body = burst if isinstance(burst, bytes) else bytes(burst[0])
        if not state["number"].to_bytes(32, "little").startswith(body):
            return None
        if not state["until"]:
            state["warm"] = now + int(warm_s * 1e9)
            state["until"] = state["warm"] + int(seconds * 1e9)
        elif state["start"] > state["warm"]:
            found.record(now - state["start"])
        if now > state["until"]:
            done.append(True)
            raise _Done
        return ask()

    answers = wingfoil.aeron_sub(graph, CHANNEL, case.stream_id + 1, mode="spin").map(answered).filter_none()
    kicks = graph.counter(period_nanos=200_000_000).map(kick).filter_none()
    wingfoil.aeron_pub(answers.merge(kicks), CHANNEL, case.stream_id)
    _run(graph, done)
    return found


def pong(case: Case, words: Words) -> None:
    """Send back what comes, within the engine."""
    wingfoil, graph = _graph(case)
    done: list[bool] = []

    def look(_: object) -> None:
        if words[TURN] < 0:
            done.append(True)
            raise _Done

    wingfoil.aeron_pub(wingfoil.aeron_sub(graph, CHANNEL, case.stream_id, mode="spin"), CHANNEL, case.stream_id + 1)
    graph.counter(period_nanos=10_000_000).inspect(look)
    ready(words)
    _run(graph, done)


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    return (ping, pong)
