"""The summary of a run as plain aligned text. Pure: takes the summary's JSON object, returns lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

__all__ = ["LATENCY_COLUMNS", "LATENCY_TITLE", "aligned", "latency_cells", "recorder_rows", "summary_text"]

type Row = Sequence[str]
type Event = Mapping[str, object]

LATENCY_TITLE: Final = "publish to handler; at full speed this is the time spent waiting in the queue"
LATENCY_COLUMNS: Final = ("samples", "p50", "p99", "max")
SAMPLES_ENOUGH: Final = 20
"""Of fewer samples a percentile is one of them by chance: none is shown."""
REPLAYED_NS: Final = (1 << 40) - 1
"""Where the histogram ends (18 minutes): what is longer was published long before this run, so it was replayed."""

STREAM_COLUMNS = ("published", "received", "bytes", "gaps", "missing", "dropped", "quarantined")
RARE_COLUMNS = ("back_pressured", "invalid_frames", "malformed", "unknown_type", "unwanted")
"""Shown only when some stream has one."""
SAMPLES_SHOWN = 3
PUBLISHERS_SHOWN = 10
EVENTS_SHOWN = 5
COMING_AND_GOING: Final = ("Recovered", "PublisherJoined", "PublisherLeft")
ADDRESS: Final = ("kind", "stream", "session", "time_ns", "publisher")


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
        parts.append(aligned(recorder_rows(recorders)))
    samples = cast("Sequence[Mapping[str, object]]", summary["samples"])
    if samples:
        one_a_stream = {sample["stream"]: sample for sample in reversed(samples)}
        shown = sorted(one_a_stream.values(), key=lambda sample: -len(cast("Sequence[str]", sample["handlers"])))
        parts.append("\n".join(_sample(sample) for sample in shown[:SAMPLES_SHOWN]))
    events = cast("Sequence[Mapping[str, object]]", summary["events"])
    parts += [_publishers(events), _events(events)]
    return "\n\n".join(part for part in parts if part)


def _streams(streams: Mapping[str, Mapping[str, int]]) -> str:
    rare = [column for column in RARE_COLUMNS if any(counters.get(column) for counters in streams.values())]
    columns = [*STREAM_COLUMNS, *rare]
    header = ["stream", *(column.replace("_", " ") for column in columns)]
    rows = [[name, *(f"{counters.get(column, 0):,}" for column in columns)] for name, counters in streams.items()]
    return aligned([header, *rows])


def _handlers(handlers: Mapping[str, Mapping[str, object]]) -> str:
    rows: list[Row] = [["handler", "messages", "errors", "restarts", *LATENCY_COLUMNS]]
    for name, counters in handlers.items():
        counts = [f"{cast('int', counters[key]):,}" for key in ("messages", "errors", "restarts")]
        rows.append([name, *counts, *latency_cells(cast("Mapping[str, int]", counters["latency_ns"]))])
    measured = any(row[4] != "-" for row in rows[1:])
    return aligned(rows) + (f"\nlatency: {LATENCY_TITLE}" if measured else "")


def latency_cells(latency: Mapping[str, float]) -> list[str]:
    """Return samples, p50, p99 and max as shown: `-` where nothing was measured, or of messages that were replayed."""
    count = int(latency["count"])
    if not count or latency["p50"] >= REPLAYED_NS:
        return ["-", "-", "-", "-"]
    percentiles = [_microseconds(latency[key]) if count >= SAMPLES_ENOUGH else "-" for key in ("p50", "p99")]
    return [f"{count:,}", *percentiles, _microseconds(latency["max"])]


def recorder_rows(recorders: Mapping[str, Mapping[str, int]]) -> list[Row]:
    """Return a row for each recorder under a header; troubles only where there are some."""
    rare = ("shed", "held", "lost", "repeated", "faults", "restarts", "unpurged")
    troubles = [column for column in rare if any(counters.get(column) for counters in recorders.values())]
    columns = ["records", "bytes", "written_position", "durable_position", *troubles]
    header = ["recorder", *(column.replace("_position", "") for column in columns)]
    rows = [[name, *(f"{counters[column]:,}" for column in columns)] for name, counters in recorders.items()]
    return [header, *rows]


def _microseconds(nanoseconds: float) -> str:
    return f"{nanoseconds / 1000:,.1f} us"


def _sample(sample: Mapping[str, object]) -> str:
    order = " > ".join(cast("Sequence[str]", sample["handlers"])) or "no handler"
    return f"order of handlers on {sample['stream']}: {order}"


def _publishers(events: Sequence[Event]) -> str:
    """Return a row for each publisher that was heard: how much, from when to when. `-` is what was not seen."""
    seen: dict[tuple[object, object], dict[str, Event]] = {}
    for event in events:
        if event.get("kind") in ("PublisherJoined", "PublisherLeft"):
            seen.setdefault((event["stream"], event["session"]), {})[str(event["kind"])] = event
    rows: list[Row] = [["publisher of", "messages", "from", "to"]]
    for (stream, _), found in list(seen.items())[-PUBLISHERS_SHOWN:]:
        joined, left = found.get("PublisherJoined"), found.get("PublisherLeft")
        rows.append([str(stream), _between(joined, left), _clock(joined), _clock(left)])
    before = len(seen) - PUBLISHERS_SHOWN
    return "" if not seen else aligned(rows) + (f"\n... {before} before" if before > 0 else "")


def _between(joined: Event | None, left: Event | None) -> str:
    if joined is None or left is None:
        return "-"
    return f"{cast('int', left['sequence']) - cast('int', joined['sequence']):,}"


def _events(events: Sequence[Event]) -> str:
    """Return the newest of what happened besides publishers coming and going."""
    left = {(event["stream"], event["session"]) for event in events if event.get("kind") == "PublisherLeft"}
    others = [
        event
        for event in events
        if event["kind"] not in COMING_AND_GOING
        and not (event["kind"] == "Disconnected" and (event["stream"], event["session"]) in left)
    ]
    if not others:
        return ""
    before = len(others) - EVENTS_SHOWN
    lines = [f"events: {len(others)}", *([f"  ... {before} before"] if before > 0 else [])]
    return "\n".join([*lines, *(f"  {_event(event)}" for event in others[-EVENTS_SHOWN:])])


def _event(event: Event) -> str:
    values = ", ".join(f"{key} {value}" for key, value in event.items() if key not in ADDRESS and value is not None)
    where = f" on {event['stream']}" if event.get("stream") else ""
    return f"{_clock(event)}  {event['kind']}{where}" + (f": {values}" if values else "")


def _clock(event: Event | None) -> str:
    """Return when an event was seen as the time of day here, to the millisecond."""
    if event is None:
        return "-"
    moment = datetime.fromtimestamp(cast("int", event["time_ns"]) / 1e9, tz=UTC).astimezone()
    return moment.isoformat(timespec="milliseconds")[11:23]


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
