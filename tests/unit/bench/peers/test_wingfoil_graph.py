"""wingfoil as a peer, where it is installed and can run; elsewhere the bench says so, with the reason."""

from __future__ import annotations

import pytest

from actorbus.bench.turns import LaneFailed
from actorbus.errors import BrokenError
from tests.unit.bench.peers.exchange import asked, here_or_told, measured


def test_it_makes_round_trips_or_says_why_not() -> None:
    if here_or_told("wingfoil"):
        try:
            assert asked("wingfoil") > 0
        except BrokenError as error:  # its wheel wants instructions that not every processor has
            if "ended by SIG" not in f"{error.what} {error.why}":
                raise


def test_it_takes_no_turns_and_says_why() -> None:
    if here_or_told("wingfoil"):
        with pytest.raises(LaneFailed, match="a graph keeps its process|ended by SIG"):
            measured("wingfoil")
