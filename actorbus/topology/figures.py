"""What a node tells about itself: frozen records, and the summary `actorbus run` prints. Pure functions of counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from actorbus.actors import QuarantineEntry
from actorbus.dispatch import StreamEvent
from actorbus.metrics import CounterBlock, HandlerCounters, Histogram, LatencySummary, RecorderCounters, StreamCounters

__all__ = [
    "HandlerStatistics",
    "NodeHealth",
    "NodeStatistics",
    "Quarantined",
    "node_statistics",
    "quarantined",
    "summary_of",
]

REASONS = {
    1: "malformed",
    2: "unknown_type",
    3: "decode_error",
    4: "handler_error",
    5: "frame_corrupt",
    6: "unsupported_format",
}


class HandlerStatistics(msgspec.Struct, frozen=True):
    """What one handler did: messages it was given (raising ones too), what it raised, its restarts."""

    messages: int
    errors: int
    restarts: int
    latency_ns: LatencySummary
    """Sampled nanoseconds from a message's publish time to the call of the handler; all 0 without samples."""
    dropped: int = 0
    """Messages its mailbox gave up by its overflow policy, or that the deadline of the stop cut off."""
    dead_letters: int = 0
    """Messages that came for it while it was out because of an error, or that its full mailbox refused."""


class NodeStatistics(msgspec.Struct, frozen=True):
    """All counters of a node at one moment: `streams` and `handlers` by name, `name` the topology's.

    `seconds` is how long the node ran.
    """

    name: str
    seconds: float
    streams: Mapping[str, StreamCounters]
    handlers: Mapping[str, HandlerStatistics]
    recorders: Mapping[str, RecorderCounters] = {}
    """By name; positions are those of each recorder's recording."""
    subscriptions: Mapping[str, StreamCounters] = {}
    """What each `node.subscribe` read, and each handler that reads a recording, by its name; `streams` lacks these.

    `ticks-1` is the first of stream `ticks` that is open; when it is closed the number is used again, and counts on.
    """


class NodeHealth(msgspec.Struct, frozen=True):
    """`ready` while it runs and nothing broke; `problems` in words; `state` is "new", "open" or "closed"."""

    state: str
    ready: bool
    problems: tuple[str, ...]
    driver_directory: str | None
    """Where the media driver's shared files are; None before the node was opened."""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be handled, with its address and why. `body` is as received, without our frame.

    `stream`, `session`, `position` (bytes) and `index` are the address, `sequence` the publisher's number; `type_id`
    and `version` what it said of itself. `reason` is one of malformed, unknown_type, decode_error, handler_error,
    frame_corrupt, unsupported_format; `error` the text. `time_ns`: when it was kept, nanoseconds since the epoch.
    """

    stream: str
    session: int
    position: int
    index: int
    type_id: int
    version: int
    sequence: int
    reason: str
    error: str
    body: bytes
    time_ns: int


def node_statistics(
    name: str,
    seconds: float,
    streams: Mapping[str, CounterBlock],
    handlers: Mapping[str, tuple[CounterBlock, Histogram]],
    recorders: Mapping[str, CounterBlock],
    subscriptions: Mapping[str, CounterBlock] = MappingProxyType({}),
) -> NodeStatistics:
    """Read all counters of a node; `seconds` is how long it has been open."""
    return NodeStatistics(
        name=name,
        seconds=seconds,
        streams={stream: StreamCounters.from_block(block.read()) for stream, block in streams.items()},
        handlers={handler: _handler(block, latency) for handler, (block, latency) in handlers.items()},
        recorders={recorder: RecorderCounters.from_block(block.read()) for recorder, block in recorders.items()},
        subscriptions={name: StreamCounters.from_block(block.read()) for name, block in subscriptions.items()},
    )


def _handler(block: CounterBlock, latency: Histogram) -> HandlerStatistics:
    counters = HandlerCounters.from_block(block.read())
    return HandlerStatistics(
        counters.messages,
        counters.errors,
        counters.restarts,
        latency.snapshot().summary(),
        counters.dropped,
        counters.dead_letters,
    )


def quarantined(stream: str, entry: QuarantineEntry) -> Quarantined:
    """Return the record of a native quarantine entry."""
    session, position, index, type_id, version, sequence, reason, error, body, time_ns = entry
    return Quarantined(
        stream=stream,
        session=session,
        position=position,
        index=index,
        type_id=type_id,
        version=version,
        sequence=sequence,
        reason=REASONS.get(reason, f"reason {reason}"),
        error=error,
        body=body,
        time_ns=time_ns,
    )


def summary_of(
    statistics: NodeStatistics, samples: Sequence[tuple[str, int, list[str]]], events: Sequence[StreamEvent]
) -> dict[str, object]:
    """Return the JSON object of `run --summary json` (interface.md has its shape)."""
    return {
        "name": statistics.name,
        "seconds": round(statistics.seconds, 6),
        "streams": {
            name: {
                "published": counters.published,
                "received": counters.received,
                "bytes": counters.bytes,
                "gaps": counters.gaps,
                "dropped": counters.dropped,
                "back_pressured": counters.back_pressured,
                "missing": counters.missing,
                "invalid_frames": counters.invalid_frames,
                "malformed": counters.malformed,
                "unknown_type": counters.unknown_type,
                "unwanted": counters.unwanted,
                "quarantined": counters.quarantined,
            }
            for name, counters in statistics.streams.items()
        },
        "handlers": {
            name: {
                "messages": handler.messages,
                "errors": handler.errors,
                "restarts": handler.restarts,
                "dropped": handler.dropped,
                "dead_letters": handler.dead_letters,
                "latency_ns": {
                    "count": handler.latency_ns.count,
                    "p50": handler.latency_ns.p50,
                    "p95": handler.latency_ns.p95,
                    "p99": handler.latency_ns.p99,
                    "p999": handler.latency_ns.p999,
                    "max": handler.latency_ns.max,
                },
            }
            for name, handler in statistics.handlers.items()
        },
        "recorders": {name: msgspec.to_builtins(counters) for name, counters in statistics.recorders.items()},
        "samples": [
            {"stream": stream, "sequence": sequence, "handlers": list(ran)} for stream, sequence, ran in samples
        ],
        "events": [{"kind": type(event).__name__, **msgspec.to_builtins(event)} for event in events],
    }
