"""Our path, cut off after each stage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actorbus.bench import peers
from actorbus.bench.case import Case
from actorbus.bench.peers.stages import STAGES
from tests.unit.bench.peers.exchange import carries


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_takes_messages(case_of: Callable[..., Case], stage: str) -> None:
    assert carries(case_of(stage)) >= 100


def test_a_stage_makes_no_round_trips() -> None:
    assert not peers.can("stage:poll", "ping")
    assert not peers.can("stage:poll", "pong")
