"""floor as a peer."""

from __future__ import annotations

from collections.abc import Callable

from actorbus.bench.case import Case
from tests.unit.bench.peers.exchange import carries, trips


def test_it_carries_typed_messages(case_of: Callable[..., Case]) -> None:
    assert carries(case_of("floor")) >= 100


def test_it_carries_bytes_by_its_own_calls(case_of: Callable[..., Case]) -> None:
    assert carries(case_of("floor", size=64, own_publish=True)) >= 100


def test_it_makes_round_trips(case_of: Callable[..., Case]) -> None:
    assert trips(case_of("floor")) > 0
