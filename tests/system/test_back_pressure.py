"""Small versions of issue 4, lines 3 and 4."""

from __future__ import annotations

import pytest

from tests.system.chains import back_to_itself, beside_a_sleeper, blocked, chain, flood
from tests.system.stopped import stopped_under


@pytest.mark.parametrize("middle", ["inline", "mailbox"])
def test_a_chain_of_three_streams_on_one_poller_loses_nothing_and_does_not_stall(middle: str) -> None:
    assert "none lost" in chain(30_000, 60.0, middle)


def test_a_handler_that_publishes_back_to_its_own_stream_is_bounded() -> None:
    assert "none lost" in back_to_itself(30_000, 60.0)
    assert "refused" in flood(80_000)


def test_a_mailbox_handler_that_sleeps_does_not_slow_another_stream_of_its_poller() -> None:
    """The bound is 0.9 in `make prove`, with more and longer turns; here it only must not collapse."""
    assert "of its rate" in beside_a_sleeper(50_000, 2, 0.5)


def test_what_waits_too_long_for_a_stream_nobody_reads_is_told_and_its_poller_goes_on() -> None:
    assert "went on" in blocked(1.5, 0.5)


@pytest.mark.parametrize("policy", ["block", "raise", "drop_newest", "conflate"])
def test_delivered_and_dropped_is_sent_beside_a_stopped_consumer(policy: str) -> None:
    assert "sent" in stopped_under(policy, 1.0, 0.4, rate=50_000, tolerance=0.5)
