"""Shared words and latency records."""

from __future__ import annotations

import pytest

from actorbus.bench.words import AT, READY, Latencies, Words, curve, merged


def test_what_one_side_writes_the_other_reads(words_place: str) -> None:
    Words.of(words_place)[READY] = 7

    assert Words.of(words_place)[READY] == 7


def test_native_code_sees_the_same_word(words_place: str) -> None:
    words = Words.of(words_place)
    words[AT] = 41

    assert words.address(AT)[0] == 41


def test_a_word_that_never_comes_is_told(words_place: str) -> None:
    with pytest.raises(TimeoutError, match="word 16 is 0, not 1"):
        Words.of(words_place).wait(READY, 1, 0.01)


def test_an_arrival_is_marked_once(words_place: str) -> None:
    words = Words.of(words_place)
    words.mark_arrived()
    words[AT] = 5
    words.mark_arrived()

    assert words[AT] == 5


def test_a_curve_names_its_percentiles() -> None:
    found = Latencies()
    for ns in range(1, 101):
        found.record(ns)
    made = curve(found.snapshot())

    assert (made["p50"], made["p99"], made["p100"]) == (50, 99, 100)


def test_a_curve_of_nothing_is_empty() -> None:
    assert curve(Latencies().snapshot()) == {}


def test_what_several_runs_recorded_can_be_merged() -> None:
    runs = [Latencies() for _ in range(2)]
    runs[0].record(100)
    runs[1].record(10_000)
    made = merged([each.dump() for each in runs])

    assert made.count == 2
    assert made.percentile(100) >= 10_000


def test_sides_tell_what_they_sent_and_what_they_work_on(words_place: str) -> None:
    words = Words.of(words_place)
    assert (words.sent(3), words.done_by(1)) == (None, None)
    words.tell_sent(3, 0)
    words.doing(1, 0)

    assert (words.sent(3), words.done_by(1)) == (0, 0)
