"""The summary as a table."""

from __future__ import annotations

from actorbus.cli.table import aligned, summary_text

STREAM = {
    "published": 12154, "received": 12154, "bytes": 1006168, "gaps": 0, "dropped": 0, "back_pressured": 0, "missing": 0,
    "invalid_frames": 0, "malformed": 0, "unknown_type": 0, "unwanted": 0, "quarantined": 0,
}  # fmt: skip
LATENCY = {"count": 20, "p50": 1500, "p95": 2000, "p99": 2500, "p999": 3000, "max": 1_234_567}
TAPE = {"records": 12240, "bytes": 96, "written_position": 4000, "durable_position": 200}
SUMMARY: dict[str, object] = {
    "name": "demo",
    "seconds": 1.5,
    "streams": {"bars": STREAM},
    "handlers": {"alarm": {"messages": 12154, "errors": 2, "restarts": 0, "latency_ns": LATENCY}},
    "recorders": {"tape": {**dict.fromkeys(["held", "faults", "restarts"], 0), "shed": 7, **TAPE}},
    "samples": [{"stream": "bars", "sequence": 6077, "handlers": ["alarm", "count"]}],
    "events": [],
}
NOON_NS = 1_700_000_000_000_000_000


def event(kind: str, *, at_s: float = 0, session: int = 7, stream: str = "bars", **more: object) -> dict[str, object]:
    time_ns = NOON_NS + round(at_s * 1e9)
    return {"kind": kind, "stream": stream, "session": session, "time_ns": time_ns, **more}


def lines_of(*events: dict[str, object]) -> list[list[str]]:
    return [line.split() for line in summary_text({**SUMMARY, "events": events}).splitlines()]


def test_the_table_has_streams_handlers_a_traced_message_and_events() -> None:
    text = summary_text(SUMMARY)

    assert text.startswith("demo: 1.500 s\n")
    assert "12,154" in text
    assert "1.5 us" in text
    assert "1,234.6 us" in text
    assert "order of handlers on bars: alarm > count" in text
    assert "latency: publish to handler" in text


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
    events = [event("Gap", first=number) for number in range(20)]

    text = summary_text({**SUMMARY, "events": events})

    assert "events: 20" in text
    assert "... 15 before" in text
    assert "Gap on bars: first 19" in text
    assert "first 14" not in text


def test_a_publisher_is_one_line_however_many_subscriptions_saw_it() -> None:
    seen = [
        event("Recovered"),
        event("PublisherJoined", sequence=3, publisher=99),
        event("Recovered", at_s=0.1),
        event("PublisherJoined", at_s=0.1, sequence=3, publisher=99),
        event("PublisherLeft", at_s=1.5, sequence=13, publisher=99),
        event("Disconnected", at_s=1.5),
        event("Disconnected", at_s=1.5),
    ]

    lines = lines_of(*seen)

    assert ["publisher", "of", "messages", "from", "to"] in lines
    (line,) = (line for line in lines if line[:2] == ["bars", "10"])
    assert [len(moment) for moment in line[2:]] == [len("12:00:00.000")] * 2
    assert line[3][-3:] == "500"
    assert "events:" not in [line[0] for line in lines if line]


def test_what_was_not_seen_of_a_publisher_is_a_dash_and_one_that_broke_off_is_an_event() -> None:
    lines = lines_of(event("PublisherJoined", sequence=0), event("Disconnected", position=64, end_position=None))

    (line,) = (line for line in lines if line[:2] == ["bars", "-"])
    assert line[3] == "-"
    assert any(line[1:] == ["Disconnected", "on", "bars:", "position", "64"] for line in lines)


def test_of_very_many_publishers_the_newest_are_shown() -> None:
    lines = lines_of(*(event("PublisherJoined", session=number, sequence=0) for number in range(13)))

    assert ["...", "3", "before"] in lines


def handler_line(**latency: int) -> list[str]:
    handlers = {"alarm": {"messages": 1, "errors": 0, "restarts": 0, "latency_ns": {**LATENCY, **latency}}}
    return next(
        line.split()[1:] for line in summary_text({**SUMMARY, "handlers": handlers}).splitlines() if "alarm  " in line
    )


def test_percentiles_are_shown_of_twenty_samples_and_more() -> None:
    assert handler_line(count=20)[3:] == ["20", "1.5", "us", "2.5", "us", "1,234.6", "us"]
    assert handler_line(count=19)[3:] == ["19", "-", "-", "1,234.6", "us"]


def test_no_samples_and_replayed_messages_are_no_latency() -> None:
    assert handler_line(count=0, p50=0, max=0)[3:] == ["-"] * 4
    assert handler_line(p50=2**40 - 1)[3:] == ["-"] * 4


def test_columns_are_aligned_the_first_to_the_left() -> None:
    assert aligned([["a", "b"], ["long", "1"], ["x", "1,000"]]) == "a         b\nlong      1\nx     1,000"
