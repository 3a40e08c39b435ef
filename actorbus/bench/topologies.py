"""The topologies of the bench's own nodes: mappings as in a YAML file, with classes instead of their names.

Stream ids of a lane: its first is the main stream, the next the way back, from +100 on streams that merely exist.
"""

from __future__ import annotations

from actorbus.bench.case import Case
from actorbus.bench.fixed import ColumnSink, FixedFill, FixedQuote, FixedSink
from actorbus.bench.work import (
    Answerer,
    Asker,
    BatchSink,
    ByteSink,
    Fill,
    Ping,
    Quote,
    Sink,
    Tick,
    TickSink,
    bystander,
    kind_class,
)

__all__ = ["answerer", "asker", "reader", "tick_reader", "tick_writer", "writer"]

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
    if case.form:
        types = [FixedQuote] if case.form == "columns" else [FixedQuote, FixedFill]
        return _stream(case, messages=types, codec={"format": "struct"})
    kinds = [kind_class(number) for number in range(case.kinds - 1)]
    others = [kind_class(BYSTANDERS_FROM + number) for number in range(case.bystanders)]
    return _stream(case, messages=[Quote, Fill, *kinds, *others])


def _sink_of(case: Case) -> type:
    if case.form:
        return ColumnSink if case.form == "columns" else FixedSink
    return ByteSink if case.size else BatchSink if case.batch else Sink


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
    return _node(case, "writer", {"main": {**_main(case), **policy}})


def _spinning(case: Case, stream: str) -> Mapping:
    pinned = {"cpu": case.cpu} if case.pinned else {}
    return {"main": {"streams": [stream], "idle": "busy_spin", **pinned}}


def asker(case: Case) -> Mapping:
    """Return the node that asks on the main stream and hears on the one back."""
    return _node(
        case,
        "asker",
        {"there": _stream(case, messages=[Ping]), "back": _stream(case, 1, messages=[Ping])},
        pollers=_spinning(case, "back"),
        handlers={"asker": {"stream": "back", "class": Asker, "publishes": {"out": "there"}}},
    )


def answerer(case: Case) -> Mapping:
    """Return the node that sends back."""
    return _node(
        case,
        "answerer",
        {"there": _stream(case, messages=[Ping]), "back": _stream(case, 1, messages=[Ping])},
        pollers=_spinning(case, "there"),
        handlers={"answerer": {"stream": "there", "class": Answerer, "publishes": {"back": "back"}}},
    )


def tick_writer(case: Case) -> Mapping:
    """Return the node that publishes ticks, each with the moment it was due."""
    return _node(case, "ticks", {"main": _stream(case, messages=[Tick])})


def tick_reader(case: Case) -> Mapping:
    """Return the node that records how late each tick came."""
    return _node(
        case,
        "late",
        {"main": _stream(case, messages=[Tick])},
        pollers=_spinning(case, "main"),
        handlers={"late": {"stream": "main", "class": TickSink}},
    )
