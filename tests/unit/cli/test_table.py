"""The summary as a table."""

from __future__ import annotations

from actorbus.cli.table import aligned, summary_text

STREAM = {
    "published": 12154, "received": 12154, "bytes": 1006168, "gaps": 0, "dropped": 0, "back_pressured": 0, "missing": 0,
    "invalid_frames": 0, "malformed": 0, "unknown_type": 0, "unwanted": 0, "quarantined": 0,
}  # fmt: skip
LATENCY = {"p50": 1500, "p95": 2000, "p99": 2500, "p999": 3000, "max": 1_234_567}
TAPE = {"records": 12240, "bytes": 96, "written_position": 4000, "durable_position": 200}
SUMMARY: dict[str, object] = {
    "name": "demo",
    "seconds": 1.5,
    "streams": {"bars": STREAM},
    "handlers": {"alarm": {"messages": 12154, "errors": 2, "restarts": 0, "latency_ns": LATENCY}},
    "recorders": {"tape": {**dict.fromkeys(["held", "faults", "restarts"], 0), "shed": 7, **TAPE}},
    "samples": [{"stream": "bars", "sequence": 6077, "handlers": ["alarm", "count"]}],
    "events": [{"kind": "PublisherJoined", "stream": "bars"}],
}


def test_the_table_has_streams_handlers_a_traced_message_and_events() -> None:
    text = summary_text(SUMMARY)

    assert text.startswith("demo: 1.500 s\n")
    assert "12,154" in text
    assert "1.5 us" in text
    assert "1,234.6 us" in text
    assert "message 6077 of bars went to: alarm > count" in text
    assert "PublisherJoined  stream=bars" in text


def test_a_recorder_shows_what_is_safe_and_its_troubles_only_when_there_are_some() -> None:
    lines = [line.split() for line in summary_text(SUMMARY).splitlines()]

    assert ["recorder", "records", "bytes", "written", "durable", "shed"] in lines
    assert ["tape", "12,240", "96", "4,000", "200", "7"] in lines


def test_rare_columns_are_shown_when_there_is_something_in_them() -> None:
    assert "malformed" not in summary_text(SUMMARY)

    assert "malformed" in summary_text({**SUMMARY, "streams": {"bars": {**STREAM, "malformed": 1}}})


def test_an_empty_summary_is_its_first_line() -> None:
    empty: dict[str, object] = {"name": "x", "seconds": 0.0, "streams": {}, "handlers": {}, "samples": [], "events": []}

    assert summary_text(empty) == "x: 0.000 s"


def test_of_many_events_the_newest_are_shown_and_the_others_counted() -> None:
    events = [{"kind": "Gap", "number": number} for number in range(20)]

    text = summary_text({**SUMMARY, "events": events})

    assert "events: 20" in text
    assert "... 15 before" in text
    assert "number=19" in text
    assert "number=14" not in text


def test_columns_are_aligned_the_first_to_the_left() -> None:
    assert aligned([["a", "b"], ["long", "1"], ["x", "1,000"]]) == "a         b\nlong      1\nx     1,000"
