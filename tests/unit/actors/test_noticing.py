"""Losses are said in the log once, and again at ten times as many."""

from __future__ import annotations

from typing import Any, cast

import pytest

from actorbus.actors.noticing import Noticing
from actorbus.metrics import StreamCounter


def test_a_loss_is_said_at_the_first_and_at_ten_times_as_many(caplog: pytest.LogCaptureFixture) -> None:
    noticing, block = Noticing(), dict.fromkeys(StreamCounter, 0)
    for count in (0, 1, 2, 9, 10, 50, 99, 250, 999, 1000):
        block[StreamCounter.MALFORMED] = count
        noticing.look({"quotes": cast("Any", block)})
    said = [record.getMessage().split(" refused")[0] for record in caplog.records]
    assert said == [
        "stream quotes: 1 message",
        "stream quotes: 10 messages",
        "stream quotes: 250 messages",
        "stream quotes: 1000 messages",
    ]


@pytest.mark.parametrize(
    ("counter", "words"),
    [
        (StreamCounter.MISSING, "Gap"),
        (StreamCounter.DROPPED, "policy"),
        (StreamCounter.INVALID_FRAMES, "frames"),
        (StreamCounter.UNKNOWN_TYPE, "`messages`"),
    ],
)
def test_each_kind_has_its_words(counter: StreamCounter, words: str, caplog: pytest.LogCaptureFixture) -> None:
    block = dict.fromkeys(StreamCounter, 0) | {counter: 3, StreamCounter.UNWANTED: 5, StreamCounter.RECEIVED: 7}
    Noticing().look({"quotes": cast("Any", block)})
    assert [words in record.getMessage() for record in caplog.records] == [True]
