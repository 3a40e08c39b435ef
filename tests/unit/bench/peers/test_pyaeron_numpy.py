"""pyaeron with numpy by hand, as a peer."""

from __future__ import annotations

import pytest

from tests.unit.bench.peers.exchange import measured

pytest.importorskip("numpy")


def test_it_carries_columns() -> None:
    lane = measured("pyaeron+numpy", form="columns")

    assert lane.taken >= 100
    assert lane.lost == 0
