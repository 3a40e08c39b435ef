"""An iterator of one message that stands at its own place of a batch."""

from __future__ import annotations

import pytest

from actorbus.dispatch.meta import Meta
from actorbus.dispatch.port import OnePlace


def test_a_message_taken_alone_keeps_its_place_in_the_batch() -> None:
    one = OnePlace("message", 7)
    meta = Meta("ticks", lambda place: (place, 0, 0, 0, 0, 0, 0, 0, 0))
    meta.open(one, 0)

    assert iter(one) is one
    assert next(one) == "message"
    assert meta.place() == 7
    assert meta.session == 7
    with pytest.raises(StopIteration):
        next(one)
