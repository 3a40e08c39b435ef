from __future__ import annotations

from actorbus.dispatch import Gap
from actorbus.metrics import RecorderCounter, Statistics
from actorbus.topology.figures import NodeHealth, node_statistics, quarantined, summary_of


def test_the_summary_has_the_promised_keys_and_reads_the_counters() -> None:
    statistics = Statistics.private()
    stream, handler = statistics.counter_block("stream", "s"), statistics.counter_block("handler", "h")
    latency = statistics.histogram("handler", "h")
    stream.add(0, 12)
    stream.add(5, 11)
    handler[0] = 11
    handler[1] = 2
    latency.record(1_000)
    recorder = statistics.counter_block("recorder", "r")
    recorder[RecorderCounter.RECORDS], recorder[RecorderCounter.DURABLE] = 11, 704
    gap = Gap(stream="s", session=1, time_ns=5, publisher=9, first=3, last=4)

    summary = summary_of(
        node_statistics("n", 1.5, {"s": stream}, {"h": (handler, latency)}, {"r": recorder}), [("s", 7, ["h"])], [gap]
    )
    statistics.close()

    assert set(summary) == {"name", "seconds", "streams", "handlers", "recorders", "samples", "events"}
    streams = summary["streams"]
    assert isinstance(streams, dict)
    assert set(streams["s"]) == {
        "published",
        "received",
        "bytes",
        "gaps",
        "dropped",
        "back_pressured",
        "missing",
        "invalid_frames",
        "malformed",
        "unknown_type",
        "unwanted",
        "quarantined",
    }
    assert (streams["s"]["published"], streams["s"]["received"]) == (12, 11)
    recorders = summary["recorders"]
    assert isinstance(recorders, dict)
    assert (recorders["r"]["records"], recorders["r"]["durable_position"]) == (11, 704)
    handlers = summary["handlers"]
    assert isinstance(handlers, dict)
    assert (handlers["h"]["messages"], handlers["h"]["errors"], handlers["h"]["restarts"]) == (11, 2, 0)
    assert set(handlers["h"]["latency_ns"]) == {"count", "p50", "p95", "p99", "p999", "max"}
    assert 1_000 <= handlers["h"]["latency_ns"]["p50"] <= 1_010
    assert summary["samples"] == [{"stream": "s", "sequence": 7, "handlers": ["h"]}]
    events = summary["events"]
    assert isinstance(events, list)
    assert events[0]["kind"] == "Gap"
    assert (events[0]["first"], events[0]["last"]) == (3, 4)


def test_a_quarantine_entry_names_its_reason_in_words() -> None:
    found = quarantined("s", (7, 64, 0, 1001, 1, 5, 2, "no such type", b"body", 99))

    assert (found.stream, found.session, found.position, found.sequence) == ("s", 7, 64, 5)
    assert (found.reason, found.error, found.body) == ("unknown_type", "no such type", b"body")
    assert quarantined("s", (7, 64, 0, 1, 1, 5, 77, "", b"", 0)).reason == "reason 77"


def test_health_is_frozen() -> None:
    health = NodeHealth(state="open", ready=True, problems=(), driver_directory=None)
    assert health == NodeHealth(state="open", ready=True, problems=(), driver_directory=None)
