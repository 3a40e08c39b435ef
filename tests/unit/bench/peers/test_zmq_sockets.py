"""pyzmq as a peer, where it is installed; elsewhere the bench says so."""

from __future__ import annotations

from collections.abc import Callable

from actorbus.bench import peers
from actorbus.bench.case import Case
from tests.unit.bench.peers.exchange import carries


def test_it_carries_typed_messages_or_says_what_is_missing(case_of: Callable[..., Case]) -> None:
    missing = peers.missing("pyzmq")
    if missing is None:
        assert carries(case_of("pyzmq")) >= 100
    else:
        assert "actorbus[bench]" in missing
