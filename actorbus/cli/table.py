"""The summary of a run as plain aligned text. Pure: takes the summary's JSON object, returns lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

__all__ = ["aligned", "summary_text"]

type Row = Sequence[str]

STREAM_COLUMNS = ("published", "received", "bytes", "gaps", "missing", "dropped", "quarantined")
RARE_COLUMNS = ("back_pressured", "invalid_frames", "malformed", "unknown_type", "unwanted")
"""Shown only when some stream has one."""
SAMPLES_SHOWN = 3
EVENTS_SHOWN = 5


def summary_text(summary: Mapping[str, object]) -> str:
    """Return the summary of `node.summary()` for people: streams, handlers, a traced message, events."""
    streams = cast("Mapping[str, Mapping[str, int]]", summary["streams"])
    handlers = cast("Mapping[str, Mapping[str, object]]", summary["handlers"])
    seconds = cast("float", summary["seconds"])
    parts = [f"{summary['name']}: {seconds:.3f} s"]
    if streams:
        parts.append(_streams(streams))
    if handlers:
        parts.append(_handlers(handlers))
    recorders = cast("Mapping[str, Mapping[str, int]]", summary.get("recorders", {}))
    if recorders:
        parts.append(_recorders(recorders))
    samples = cast("Sequence[Mapping[str, object]]", summary["samples"])
    if samples:
        one_a_stream = {sample["stream"]: sample for sample in reversed(samples)}
        shown = sorted(one_a_stream.values(), key=lambda sample: -len(cast("Sequence[str]", sample["handlers"])))
        parts.append("\n".join(_sample(sample) for sample in shown[:SAMPLES_SHOWN]))
    events = cast("Sequence[Mapping[str, object]]", summary["events"])
    if events:
        parts.append(_events(events))
    return "\n\n".join(parts)


def _streams(streams: Mapping[str, Mapping[str, int]]) -> str:
    rare = [column for column in RARE_COLUMNS if any(counters.get(column) for counters in streams.values())]
    columns = [*STREAM_COLUMNS, *rare]
    header = ["stream", *(column.replace("_", " ") for column in columns)]
    rows = [[name, *(f"{counters.get(column, 0):,}" for column in columns)] for name, counters in streams.items()]
    return aligned([header, *rows])


def _handlers(handlers: Mapping[str, Mapping[str, object]]) -> str:
    header = ["handler", "messages", "errors", "restarts", "p50", "p99", "max"]
    rows: list[Row] = [header]
    for name, counters in handlers.items():
        latency = cast("Mapping[str, int]", counters["latency_ns"])
        counts = [f"{cast('int', counters[key]):,}" for key in ("messages", "errors", "restarts")]
        rows.append([name, *counts, *(_microseconds(latency[key]) for key in ("p50", "p99", "max"))])
    return aligned(rows)


def _recorders(recorders: Mapping[str, Mapping[str, int]]) -> str:
    troubles = [
        column for column in ("shed", "held", "faults", "restarts") if any(r[column] for r in recorders.values())
    ]
    columns = ["records", "bytes", "written_position", "durable_position", *troubles]
    header = ["recorder", *(column.replace("_position", "") for column in columns)]
    rows = [[name, *(f"{counters[column]:,}" for column in columns)] for name, counters in recorders.items()]
    return aligned([header, *rows])


def _microseconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1000:,.1f} us"


def _sample(sample: Mapping[str, object]) -> str:
    order = " > ".join(cast("Sequence[str]", sample["handlers"])) or "no handler"
    return f"message {sample['sequence']} of {sample['stream']} went to: {order}"


def _events(events: Sequence[Mapping[str, object]]) -> str:
    shown = [
        f"  {event.get('kind', 'event')}  "
        + "  ".join(f"{key}={value}" for key, value in event.items() if key != "kind")
        for event in events[-EVENTS_SHOWN:]
    ]
    left = len(events) - len(shown)
    return f"events: {len(events)}\n" + (f"  ... {left} before\n" if left else "") + "\n".join(shown)


def aligned(rows: Sequence[Row]) -> str:
    """Return rows with their columns aligned: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines)
