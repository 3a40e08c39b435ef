"""A report says whether a recording is whole."""

from __future__ import annotations

from actorbus.journal.report import Fault, Verified


def report(**more: object) -> Verified:
    facts: dict[str, object] = {"segments": 1, "records": 2, "bytes": 3, "first_sequence": 0, "next_sequence": 2}
    return Verified(**{**facts, "end_position": 3, **more})  # type: ignore[arg-type]


def test_a_torn_end_is_no_fault_and_a_fault_is() -> None:
    assert report(tail_bytes=50).is_whole
    assert not report(faults=(Fault("f", 0, 1, "x"),), fault_count=1).is_whole
