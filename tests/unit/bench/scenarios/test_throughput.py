"""Which systems stand beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from actorbus.bench.case import Case
from actorbus.bench.peers import MUST
from actorbus.bench.scenarios import throughput
from tests.unit.bench.scenarios.tiny import session


def compared(monkeypatch: pytest.MonkeyPatch, kind: str) -> dict[str, Sequence[Case]]:
    found: dict[str, Sequence[Case]] = {}

    def compare(_session: object, label: str, cases: Sequence[Case], **_: object) -> None:
        found[label] = cases

    monkeypatch.setattr(throughput, "compare", compare)
    throughput.run(session("throughput", kind=kind))
    return found


def test_sockets_stand_beside_what_publishes_by_its_own_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(monkeypatch, "full")

    for label in ("typed, by its own calls", "bytes, 1 KB"):
        assert all(case.own_publish for case in found[label]), label
        assert {"actorbus", "pyzmq", "multiprocessing"} <= {case.system for case in found[label]}
    assert {case.own_publish for case in found["typed, handler a message"]} == {False}
    assert {case.system for label in found for case in found[label]} >= set(MUST)


def test_large_bodies_have_the_largest_fragments_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all("mtu=65504" in case.channel for case in compared(monkeypatch, "full")["bytes, 100 KB"])


def test_what_must_hold_is_measured_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(monkeypatch, "hold")

    assert "typed, by its own calls" not in found
    assert {"bytes, 1 KB", "bytes, 10 KB", "bytes, 100 KB"} <= set(found)
