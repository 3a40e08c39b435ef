"""`soak`: many messages, and what every process holds at a tenth of them and at the end.

    publisher   a node: `publish(message)`, typed, one by one; it waits when it is held back, as by default
    reader      a node: quotes to an inline handler, fills (one in four) to a handler with a mailbox, which is full once
                before the first look: how full it becomes is chance, bounded, and would look like growth
    driver      a process of its own

All three are looked at by the reader: memory, descriptors, threads, mappings; and the driver's folder in shared memory.

Descriptors, threads, and mappings that name a file (terms, counters, libraries) must be the same at both looks.
Anonymous mappings are an allocator's: it may take one late, and the kernel may join two. They are told by themselves;
what they hold is in the growth of memory, which has a bound.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path

import msgspec

from actorbus.bench import rig, topologies
from actorbus.bench.case import Case
from actorbus.bench.handlers import Counting, FillSink, QuoteSink, last_made
from actorbus.bench.record import figure
from actorbus.bench.scenarios.footprint import state
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.side import ready
from actorbus.bench.trips import opened
from actorbus.bench.words import PID, READY, STOP, TURN, Words
from actorbus.bench.work import typed_messages
from actorbus.errors import Refused
from actorbus.topology.node import Node
from actorbus.transport.cnc import read_cnc

__all__ = ["GROWN", "HELD", "PROCESSES", "SAME", "feed", "run", "soak"]

PROCESSES = ("publisher", "reader", "driver")
HERE = "actorbus.bench.scenarios.soaking"
LOOK_S = 0.02
QUIET_S = 0.5
"""Nothing for so long: the mailbox is full and holds its stream."""
SLOWEST = 50_000
"""Messages a second: one that is slower is stuck."""
DIFFERENT, CHUNK = 4096, 64
HELD = ("fds", "threads", "files")
"""What must be the same at both looks."""
GROWN = "grown per 10^7 messages after a tenth"
SAME = "difference from 10 % to 100 %"


def run(session: Session) -> None:
    """Measure."""
    if not session.can("actorbus"):
        return
    messages = session.effort.soak_messages
    answers = session.attempt(f"soak, {messages:,} messages", lambda: _measure(messages))
    if answers is None:
        return
    looks = msgspec.convert(answers["looks"], list[dict[str, dict[str, float]]])
    handled, missing = (msgspec.convert(answers[name], float) for name in ("handled", "missing"))
    ran = [f"{HERE}:feed", f"{HERE}:soak"]
    ran += ["actorbus.bench.topologies:soaked", f"{QuoteSink.__module__}:QuoteSink", f"{FillSink.__module__}:FillSink"]
    session.keep(figure, "actorbus", "messages", [handled], case="handled", ran=ran)
    session.keep(figure, "actorbus", "messages", [missing], case="missing")
    early, late = looks
    for process in PROCESSES:
        first, last = early[process], late[process]
        grown = last["RssAnon"] + last["RssFile"] - first["RssAnon"] - first["RssFile"]
        session.keep(figure, process, "MB", [grown * 1e7 / max(handled * 0.9, 1)], case=GROWN)
        session.keep(figure, process, "MB", [last["RssAnon"] + last["RssFile"]], case="at the end")
        for name in (*HELD, "anonymous"):
            session.keep(figure, process, name, [last[name] - first[name]], case=SAME)
    shared = late["driver"]["shared_bytes"] - early["driver"]["shared_bytes"]
    session.keep(figure, "driver", "shared_bytes", [shared], case=SAME)


def _measure(messages: int) -> dict[str, object]:
    writer, reader = rig.two_cpus()
    with rig.driver() as directory, rig.place() as place:
        Words.make(place)
        made = Case(system="actorbus", directory=directory, place=place, own_publish=True)
        common = {"case": msgspec.to_builtins(made), "place": place}
        found = read_cnc(Path(directory))
        driver = found.pid if found is not None else 0
        return rig.run(
            rig.Side(f"{HERE}:feed", common, writer),
            rig.Side(f"{HERE}:soak", {**common, "messages": messages, "driver": driver}, reader),
            within_s=120 + messages / SLOWEST,
        )[1]


def feed(case: dict[str, object], place: str) -> dict[str, object]:
    """Publish until told to stop. The publisher's process."""
    words, found = Words.of(place), opened(case)
    words.wait(READY, 1)
    words[PID] = os.getpid()
    chunks, view, sent = itertools.batched(typed_messages(DIFFERENT), CHUNK), words.view, 0
    node = Node.from_dict(topologies.writer(found, waits=True))
    with node, contextlib.suppress(Refused):  # at the end nobody is there any more
        publish = node.publisher("main").publish
        for chunk in itertools.cycle(chunks):
            for message in chunk:
                publish(message)
            sent += len(chunk)
            if view[TURN] == STOP:
                break
    return {"sent": sent}


def _fill_mailbox(quotes: Counting, fills: Counting) -> None:
    """Let the mailbox be full once, then open it: how full it becomes later is chance, and no growth."""
    assert isinstance(fills, FillSink)
    seen, quiet_since = 0, time.monotonic()
    while not seen or time.monotonic() - quiet_since < QUIET_S:
        time.sleep(LOOK_S)
        if quotes.count != seen:
            seen, quiet_since = quotes.count, time.monotonic()
    fills.gate.set()


def soak(case: dict[str, object], place: str, messages: int, driver: int) -> dict[str, object]:
    """Handle so many, look at a tenth and at the end. The reader's process."""
    words, found = Words.of(place), opened(case)
    with Node.from_dict(topologies.soaked(found)) as node:
        quotes, fills = last_made(QuoteSink), last_made(FillSink)
        ready(words)
        _fill_mailbox(quotes, fills)
        looks: list[dict[str, dict[str, float]]] = []
        for target in (messages // 10, messages):
            while quotes.count + fills.count < target:
                time.sleep(LOOK_S)
            looks.append({"publisher": state(words[PID]), "reader": state(), "driver": state(driver, found.directory)})
        words[TURN] = STOP
        handled, missing = quotes.count + fills.count, sum(each.missing for each in node.stats().streams.values())
    return {"looks": looks, "handled": handled, "missing": missing}
