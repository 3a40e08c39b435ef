"""One process of a case."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from actorbus.bench import rig
from actorbus.bench.side import ready
from actorbus.bench.words import READY, Words


def test_the_answer_is_the_last_line() -> None:
    answers = rig.run(rig.Side("tests.unit.bench.sides:echo", {"value": 3}, rig.cores()[0]))

    assert answers == [{"value": 3, "cpus": 1}]


def test_a_side_ends_with_its_parent() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "actorbus.bench.side", "tests.unit.bench.sides:wait_for_ever", json.dumps({})],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(rig.ROOT)},
    )
    assert child.stdin is not None
    child.stdin.close()

    assert child.wait(20) == 70


def test_ready_is_told_for_each_side(words_place: str) -> None:
    words = Words.of(words_place)
    ready(words, 1)

    assert (words[READY], words[READY + 1]) == (0, 1)
