"""Recorders: streams, folders and segments."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.topologies import check, codes, facts_of, minimal

BARS = {"stream_id": 1, "messages": ["Bar"]}


def recorders(**entries: dict[str, object]) -> dict[str, object]:
    return minimal(streams={"bars": BARS}, recorders=entries)


def errors(values: dict[str, object]) -> list[str]:
    return [code for code in codes(values) if not code.startswith("AB19")]


def test_a_recorder_needs_streams_that_are_there() -> None:
    assert errors(recorders(tape={"streams": ["bars"], "directory": "tape"})) == []
    assert errors(recorders(tape={"streams": [], "directory": "tape"})) == ["AB1241"]
    assert errors(recorders(tape={"streams": ["baars"], "directory": "tape"})) == ["AB1201"]
    assert errors(recorders(tape={"streams": ["bars", "bars"], "directory": "tape"})) == ["AB1212"]


def test_two_recorders_do_not_share_a_folder_however_it_is_written() -> None:
    one = {"streams": ["bars"], "directory": "data/tape"}
    other = {"streams": ["bars"], "directory": "data/../data/tape/"}

    assert errors(recorders(one=one, other=other)) == ["AB1242"]


def test_a_folder_is_relative_to_the_topologys_and_not_a_file(tmp_path: Path) -> None:
    facts = facts_of(recorders(tape={"streams": ["bars"], "directory": "data/tape"}))
    assert facts.recordings["tape"] == facts.base / "data" / "tape"

    file = tmp_path / "tape"
    file.write_text("", encoding="utf-8")
    assert errors(recorders(tape={"streams": ["bars"], "directory": str(file)})) == ["AB1242"]


@pytest.mark.parametrize(
    ("segment", "code"),
    [("64k", "AB1243"), ("100k", "AB1243"), ("2g", "AB1243"), ("1k", "AB1243"), ("256k", None), ("1g", None)],
)
def test_a_segment_is_a_power_of_two_that_holds_the_longest_message(segment: str, code: str | None) -> None:
    """With the laptop's terms of 1 MiB a message has up to 128 KiB."""
    found = errors(recorders(tape={"streams": ["bars"], "directory": "tape", "segment": segment}))

    assert found == ([code] if code else [])


def test_the_hint_of_a_small_segment_is_one_that_fits() -> None:
    (problem,) = check(recorders(tape={"streams": ["bars"], "directory": "tape", "segment": "64k"})).problems

    assert "messages of up to 131072 bytes" in problem.message
    assert problem.hint is not None
    assert "256k" in problem.hint


def test_a_recording_that_may_shrink_keeps_two_segments() -> None:
    tape = {"streams": ["bars"], "directory": "tape", "segment": "1m"}

    assert errors(recorders(tape={**tape, "retention": {"size": "1m"}})) == ["AB1243"]
    assert errors(recorders(tape={**tape, "retention": {"size": "2m", "age": "1h"}})) == []


def test_the_archive_comes_later_and_jsonl_has_no_segments_of_a_power_of_two() -> None:
    assert errors(recorders(tape={"streams": ["bars"], "directory": "tape", "backend": "archive"})) == ["AB1501"]
    assert (
        errors(recorders(tape={"streams": ["bars"], "directory": "tape", "backend": "jsonl", "segment": "100k"})) == []
    )
