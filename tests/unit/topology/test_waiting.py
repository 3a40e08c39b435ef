"""A wait for a node ends for the reason it says, and not before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.topology.waiting import Watched, wait_until

MS = 1_000_000


class Stop:
    """Is set after so many looks, never if None."""

    def __init__(self, after: int | None) -> None:
        self.left = after

    def is_set(self) -> bool:
        return self.left == 0

    def wait(self, timeout: float | None = None) -> bool:
        if self.left:
            self.left -= 1
        return self.is_set()


def watched(
    *,
    activity: Callable[[], int] = lambda: 0,
    quiet: bool = True,
    failed: bool = False,
    stops_after: int | None = None,
    finished: Callable[[], bool] | None = None,
) -> Watched:
    """Return what a wait looks at; a look costs nothing, so a test takes only the time it waits for."""
    return Watched(activity, lambda: quiet, lambda: failed, (Stop(stops_after),), finished)


@pytest.mark.parametrize(
    ("looked_at", "for_ns", "until_idle_ns", "why"),
    [
        (watched(), 5 * MS, None, "time"),
        (watched(activity=lambda: 7), None, 5 * MS, "idle"),
        (watched(stops_after=3), None, None, "stopped"),
        (watched(failed=True), 1000 * MS, 1000 * MS, "failed"),
        (watched(finished=lambda: True), None, None, "finished"),
        (watched(finished=lambda: True), None, 5 * MS, "idle"),
    ],
)
def test_it_says_why_it_ended(looked_at: Watched, for_ns: int | None, until_idle_ns: int | None, why: str) -> None:
    assert wait_until(looked_at, for_ns=for_ns, until_idle_ns=until_idle_ns) == why


def test_a_consumer_that_heard_nothing_yet_is_not_idle() -> None:
    assert wait_until(watched(), for_ns=20 * MS, until_idle_ns=MS) == "time"


def test_what_moves_or_is_under_way_is_not_idle() -> None:
    counts = iter(range(1, 10**9))
    assert wait_until(watched(activity=lambda: next(counts)), for_ns=20 * MS, until_idle_ns=5 * MS) == "time"
    assert wait_until(watched(activity=lambda: 7, quiet=False), for_ns=20 * MS, until_idle_ns=5 * MS) == "time"


def test_without_an_end_it_waits_for_sources_to_finish() -> None:
    looks = iter(range(100))
    looked_at = watched(finished=lambda: next(looks) > 5, stops_after=50)
    assert wait_until(looked_at, for_ns=None, until_idle_ns=None) == "finished"
    assert wait_until(watched(stops_after=5), for_ns=None, until_idle_ns=None) == "stopped"


def test_messages_that_a_handler_reads_from_a_recording_keep_a_node_from_being_idle(tmp_path: Path) -> None:
    made = {
        "version": 1,
        "name": "waiting",
        "profile": "ci",
        "driver": {"mode": "none"},
        "streams": {"quotes": {"stream_id": 1, "messages": ["Quote"]}},
        "recorders": {"tape": {"streams": ["quotes"], "directory": str(tmp_path / "tape"), "segment": "1m"}},
    }
    with ab.Node.from_dict(made) as node:
        node.publisher("quotes").publish_many([ab.Quote("A", bid=1, ask=2)] * 20)
        assert node.wait(until_idle_ns=100_000_000, for_ns=20_000_000_000) == "idle"
    reads = {"handlers": {"count": {"stream": "quotes", "class": "count", "resume": True}}}
    with ab.Node.from_dict(made | reads) as node:
        assert node.wait(until_idle_ns=100_000_000, for_ns=20_000_000_000) == "idle", "it read twenty messages"
        assert node.stats().handlers["count"].messages == 20
