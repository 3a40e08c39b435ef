"""Beside a busy thread. That calls and lateness are recorded is held in test_stalls and test_ticks."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.bench.scenarios import contention, run
from tests.unit.bench.scenarios.tiny import TINY


def test_shares_calls_and_lateness_are_measured_at_both_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[int] = []

    def calls(_case: object, *, rate: int, **_: object) -> list[tuple[int, int]]:
        rates.append(rate)
        return [(300, 99), (900_000, 1)]

    monkeypatch.setattr(contention, "calls", calls)
    monkeypatch.setattr(contention, "one_way", lambda case, **more: (calls(case, **more), 0))
    report = run("contention", msgspec.structs.replace(TINY, systems=()))
    found = {(result.case, result.metric): result for result in report.results}

    assert report.skipped == {}
    assert set(rates) == {contention.CALL_RATE, contention.TICK_RATE}
    for words in contention.PROFILES.values():
        assert 0 <= found[f"contention, {words}", "ratio"].median < 1.5
        assert found[f"publish {contention.BUSY}, {words}", "publish_ns"].percentiles_ns["p100"] > 800_000
        assert found[f"handler {contention.BUSY}, {words}", "one_way_ns"].lost == 0
