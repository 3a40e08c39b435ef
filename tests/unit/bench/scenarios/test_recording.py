"""`record`, with the least effort and without Java; the small version of issue 7, line 5."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.bench import hold
from actorbus.bench.record import figure
from actorbus.bench.scenarios import run
from tests.unit.bench.samples import report
from tests.unit.bench.scenarios.tiny import TINY


@pytest.mark.timeout(300)  # many processes, one after the other
def test_a_recording_is_measured_with_what_is_beside_it() -> None:
    found = run("record", msgspec.structs.replace(TINY, journal_bytes=1 << 27))
    rows = {(result.system, result.metric, result.note): result.median for result in found.results}

    assert found.skipped == {}
    assert rows["actorbus", "msgs_per_s", "recorded, written"] > 10_000
    assert rows["disk", "fdatasync_ms", "this disk"] > 0
    assert rows["disk", "fdatasync_ms", "a fdatasync of 1 ms"] >= 1.0
    assert rows["actorbus", "msgs_per_s", "a fdatasync of 1 ms"] > 0
    assert 0 < rows["actorbus", "message_ns", "of it: checksums, measured by themselves"] < 10_000
    assert rows["actorbus", "seconds", "in the page cache"] < 5  # proved with 1 s where nothing else runs
    assert rows["actorbus", "MB_per_s", "in the page cache"] > 100  # and with 500


def test_the_recorder_is_held_against_the_archive() -> None:
    case = "100 B beside a live subscriber"
    right = figure("actorbus", "ratio", [1.1], case=case, against="java-archive")
    wrong = figure("actorbus", "ratio", [0.2], case=case, against="the same without the recorder")
    judged = {each.row.name: each.value for each in hold.judge([report("record", wrong, right)])}

    assert judged["recorder >= the Java Archive"] == 1.1
