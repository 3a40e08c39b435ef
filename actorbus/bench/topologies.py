"""The topologies of the bench's own nodes: mappings as in a YAML file, with classes instead of their names.

Stream ids of a lane: its first is the main stream, the next the way back, from +100 on streams that merely exist.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from actorbus.bench.case import Case
from actorbus.bench.fixed import ColumnSink, FixedFill, FixedQuote, FixedSink
from actorbus.bench.handlers import (
    Answerer,
    Asker,
    BatchSink,
    FillSink,
    QuoteSink,
    Sink,
    TickSink,
    bystander,
    byte_sink,
)
from actorbus.bench.work import Fill, Ping, Quote, Tick, kind_class
from actorbus.topology.profiles import load_profile
from actorbus.topology.report import Report
from actorbus.units import duration_ns

__all__ = [
    "Mapping",
    "answerer",
    "asker",
    "asker_and_answerer",
    "at_rest",
    "reader",
    "soaked",
    "switch_interval_s",
    "tick_reader",
    "tick_writer",
    "writer",
]

type Mapping = dict[str, object]
BYSTANDERS_FROM = 900
"""Kinds from here on belong to handlers that merely exist."""


def _node(case: Case, name: str, streams: Mapping, **more: object) -> Mapping:
    return {
        "version": 1,
        "name": f"bench-{name}-{case.lane}",
        "profile": case.profile,
        "driver": {"mode": "external", "directory": case.directory},
        "observability": {"statistics": case.statistics, "log": {"level": "error"}},
        "streams": streams,
        **more,
    }


def _stream(case: Case, offset: int = 0, **more: object) -> Mapping:
    return {"channel": case.channel, "stream_id": case.stream_id + offset, **more}


def _main(case: Case) -> Mapping:
    if case.size:
        return _stream(case, codec={"format": "raw"})
    if case.form in ("columns", "struct"):
        types = [FixedQuote] if case.form == "columns" else [FixedQuote, FixedFill]
        return _stream(case, messages=types, codec={"format": "struct"})
    if case.form == "ticks":
        return _stream(case, messages=[Tick])
    kinds = [kind_class(number) for number in range(case.kinds - 1)]
    others = [kind_class(BYSTANDERS_FROM + number) for number in range(case.bystanders)]
    return _stream(case, messages=[Quote, Fill, *kinds, *others])


def _sink_of(case: Case) -> type:
    forms = {"columns": ColumnSink, "struct": FixedSink, "ticks": TickSink}
    if case.form:
        return forms[case.form]
    return byte_sink(case.size) if case.size else BatchSink if case.batch else Sink


@functools.cache
def switch_interval_s(profile: str) -> float:
    """Return the switch interval that `actorbus run` sets for a profile, seconds."""
    found = load_profile(profile, Path.cwd(), Report(), os.environ)
    assert found is not None, profile
    return duration_ns(found.switch_interval) / 1e9


def reader(case: Case) -> Mapping:
    """Return the node that counts: the last handler made is one that gets every message."""
    streams: Mapping = {"main": _main(case)}
    handlers: Mapping = {}
    for number in range(1, case.streams):
        streams[f"other{number}"] = _stream(case, 100 + number, messages=[Quote])
        handlers[f"other{number}"] = {"stream": f"other{number}", "class": bystander(Quote)}
    for number in range(case.bystanders):
        handlers[f"bystander{number}"] = {"stream": "main", "class": bystander(kind_class(BYSTANDERS_FROM + number))}
    for number in range(case.kinds - 1):
        handlers[f"kind{number}"] = {"stream": "main", "class": bystander(kind_class(number))}
    if case.form == "ticks":
        return tick_reader(case)
    for number in range(case.handlers):
        handlers[f"sink{number}"] = {
            "stream": "main",
            "class": _sink_of(case),
            "priority": number,
            "dispatch": case.dispatch,
        }
    return _node(case, "reader", streams, handlers=handlers)


def writer(case: Case, *, waits: bool = False) -> Mapping:
    """Return the node that publishes; a refused message raises at once, or waits as by default."""
    policy: Mapping = {"back_pressure": {"policy": "raise"}, "not_connected": {"policy": "raise"}}
    policy = {} if waits else policy
    batch: Mapping = {"batch": FRAMES} if case.frames else {}
    return _node(case, "writer", {"main": {**_main(case), **policy, **batch}})


FRAMES: Mapping = {"max_messages": 64, "linger": "1ms"}
"""Batch frames of the lane that has them: as many as fit into one fragment, or 64."""


def _spinning(case: Case, *streams: str) -> Mapping:
    """Return a poller of some streams; it spins unless the case takes the profile as it is."""
    pinned: Mapping = {"cpu": case.cpu} if case.pinned else {}
    idle: Mapping = {} if case.as_it_is else {"idle": "busy_spin"}
    return {"main": {"streams": list(streams), **idle, **pinned}}


def _there_and_back(case: Case) -> Mapping:
    return {"there": _stream(case, messages=[Ping]), "back": _stream(case, 1, messages=[Ping])}


ASKER: Mapping = {"stream": "back", "class": Asker, "publishes": {"out": "there"}}
ANSWERER: Mapping = {"stream": "there", "class": Answerer, "publishes": {"back": "back"}}


def asker(case: Case) -> Mapping:
    """Return the node that asks on the main stream and hears on the one back."""
    return _node(case, "asker", _there_and_back(case), pollers=_spinning(case, "back"), handlers={"asker": dict(ASKER)})


def answerer(case: Case) -> Mapping:
    """Return the node that sends back."""
    return _node(
        case, "answerer", _there_and_back(case), pollers=_spinning(case, "there"), handlers={"answerer": dict(ANSWERER)}
    )


def asker_and_answerer(case: Case) -> Mapping:
    """Return the node that does both, one poller over both streams."""
    both: Mapping = {"asker": dict(ASKER), "answerer": dict(ANSWERER)}
    pollers = _spinning(case, "there", "back")
    return _node(case, "both", _there_and_back(case), pollers=pollers, handlers=both)


def tick_writer(case: Case) -> Mapping:
    """Return the node that publishes ticks, each with the moment it was due."""
    return _node(case, "ticks", {"main": _stream(case, messages=[Tick])})


def tick_reader(case: Case, handler: type = TickSink) -> Mapping:
    """Return the node that records how late each tick came."""
    return _node(
        case,
        "late",
        {"main": _stream(case, messages=[Tick])},
        pollers=_spinning(case, "main"),
        handlers={"late": {"stream": "main", "class": handler}},
    )


def at_rest(case: Case) -> Mapping:
    """Return a node as a user's first one: its embedded driver, a publisher and a handler a stream, all by default."""
    names = [f"s{number}" for number in range(case.streams)]
    return {
        "version": 1,
        "name": "bench-at-rest",
        "profile": case.profile,
        "streams": {name: {"stream_id": 1 + n, "messages": [Quote, Fill]} for n, name in enumerate(names)},
        "handlers": {name: {"stream": name, "class": bystander(Quote)} for name in names},
    }


def soaked(case: Case) -> Mapping:
    """Return the node of the soak: quotes go to an inline handler, fills to one with a mailbox."""
    return _node(
        case,
        "soak",
        {"main": _main(case)},
        handlers={
            "quotes": {"stream": "main", "class": QuoteSink},
            "fills": {"stream": "main", "class": FillSink, "dispatch": "mailbox"},
        },
    )
