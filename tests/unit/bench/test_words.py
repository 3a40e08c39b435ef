"""Shared words and latency records."""

from __future__ import annotations

import pytest

from actorbus.bench.words import AT, READY, Latencies, Words, curve


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
