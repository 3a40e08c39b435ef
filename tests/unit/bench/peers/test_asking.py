"""The loop of round trips, and where the other side listens."""

from __future__ import annotations

import pytest

from actorbus.bench.case import Case
from actorbus.bench.peers.asking import address_of, round_trips, tell_address


def test_every_question_differs_and_its_answer_is_compared() -> None:
    asked: list[bytes] = []
    found = round_trips(asked.append, lambda: asked[-1], 0.0, 0.01)

    assert len(set(asked)) == len(asked) >= found.snapshot().count > 0
    assert {len(question) for question in asked} == {32}


def test_the_answer_to_another_question_is_an_error() -> None:
    with pytest.raises(ValueError, match="question 1 got the answer to another"):
        round_trips(lambda _: None, lambda: bytes(32), 0.0, 0.01)


def test_what_warms_up_is_not_recorded() -> None:
    asked: list[bytes] = []
    found = round_trips(asked.append, lambda: asked[-1], 0.01, 0.01)

    assert found.snapshot().count < len(asked)


def test_an_address_is_told_to_the_other_side(words_place: str) -> None:
    case = Case(system="pyzmq", lane=3, place=words_place)
    tell_address(case, "tcp://127.0.0.1:1")

    assert address_of(case) == "tcp://127.0.0.1:1"
