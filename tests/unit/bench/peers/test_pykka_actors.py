"""Pykka as a peer, where it is installed; elsewhere the bench says so."""

from __future__ import annotations

from actorbus.bench.case import Case
from actorbus.bench.trips import round_trip
from actorbus.bench.words import merged
from tests.unit.bench.peers.exchange import here_or_told, measured


def test_one_process_tells_and_takes() -> None:
    if here_or_told("Pykka"):
        lane = measured("Pykka")
        assert lane.one_process
        assert sum(map(sum, lane.rates)) > 0


def test_an_actor_is_asked_in_one_process() -> None:
    if here_or_told("Pykka"):
        assert merged([round_trip(Case(system="Pykka"), seconds=0.1, alone=True)]).count > 0
