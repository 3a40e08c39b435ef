"""One thing changed."""

from __future__ import annotations

from tests.unit.bench.scenarios.tiny import tiny


def test_statistics_are_measured_on_and_off() -> None:
    systems = {result.system for result in tiny("metrics").results if result.metric == "msgs_per_s"}

    assert systems == {"actorbus, statistics on", "actorbus, statistics off"}


def test_a_mailbox_stands_beside_a_queue_by_hand() -> None:
    systems = {result.system for result in tiny("dispatch").results if result.metric == "msgs_per_s"}

    assert {"actorbus, inline", "actorbus, mailbox", "pyaeron+msgspec, queue and thread"} <= systems
