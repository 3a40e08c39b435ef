"""pyaeron+msgspec as a peer."""

from __future__ import annotations

from collections.abc import Callable

from actorbus.bench.case import Case
from tests.unit.bench.peers.exchange import carries, trips


def test_it_carries_typed_messages(case_of: Callable[..., Case]) -> None:
    assert carries(case_of("pyaeron+msgspec")) >= 100


def test_it_makes_round_trips(case_of: Callable[..., Case]) -> None:
    assert trips(case_of("pyaeron+msgspec")) > 0
