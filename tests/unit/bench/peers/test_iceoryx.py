"""iceoryx2 as a peer, where it is installed; elsewhere the bench says so."""

from __future__ import annotations

from tests.unit.bench.peers.exchange import asked, here_or_told, measured


def test_it_carries_typed_messages_or_says_what_is_missing() -> None:
    if here_or_told("iceoryx2"):
        lane = measured("iceoryx2")
        assert lane.taken >= 100
        assert (lane.lost, lane.wrong) == (0, 0)


def test_it_carries_bytes_unchanged() -> None:
    if here_or_told("iceoryx2"):
        lane = measured("iceoryx2", size=10_240)
        assert lane.taken >= 100
        assert (lane.lost, lane.wrong) == (0, 0)


def test_it_makes_round_trips() -> None:
    if here_or_told("iceoryx2"):
        assert asked("iceoryx2") > 0
