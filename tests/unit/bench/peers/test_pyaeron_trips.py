"""Round trips by pyaeron, in two processes and in one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actorbus.bench.case import Case
from actorbus.bench.trips import round_trip
from actorbus.bench.words import merged
from tests.unit.bench.peers.exchange import trips


@pytest.mark.parametrize("system", ["pyaeron", "pyaeron+msgspec"])
def test_both_make_round_trips(case_of: Callable[..., Case], system: str) -> None:
    assert trips(case_of(system)) > 0


@pytest.mark.parametrize("system", ["pyaeron", "pyaeron+msgspec"])
def test_asker_and_answerer_can_be_one_process(system: str) -> None:
    assert merged([round_trip(Case(system=system), seconds=0.1, alone=True)]).count > 0
