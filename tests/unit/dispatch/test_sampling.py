"""How often messages are traced: by time, whatever the rate of batches."""

from __future__ import annotations

import itertools

import pytest

from actorbus.dispatch.sampling import DISTANCE_MAX, INTERVAL_NS, Sampling

SECOND_NS = 1_000_000_000


def traces(sampling: Sampling, batches: int, apart_ns: int, start_ns: int = 0) -> list[int]:
    """Return the numbers of the batches that are traced, when batches come so far apart."""
    until, found = 1, []
    for number in range(batches):
        until -= 1
        if not until:
            found.append(number)
            until = sampling.after(start_ns + number * apart_ns)
    return found


def test_of_a_slow_stream_every_batch_is_traced() -> None:
    assert traces(Sampling(), 100, 10 * INTERVAL_NS, SECOND_NS) == list(range(100))


@pytest.mark.parametrize("apart_ns", [1_000, 2_500, 40_000, 700_000])
def test_of_a_faster_stream_so_many_a_second_are(apart_ns: int) -> None:
    second = SECOND_NS // apart_ns
    found = traces(Sampling(), 3 * second, apart_ns, SECOND_NS)
    steady = [number for number in found if number >= second]
    assert len(steady) == pytest.approx(2 * SECOND_NS // INTERVAL_NS, rel=0.2)


def test_no_distance_is_longer_than_the_bound() -> None:
    found = traces(Sampling(), 100_000, 1, SECOND_NS)
    assert max(later - earlier for earlier, later in itertools.pairwise(found)) == DISTANCE_MAX


def test_a_stream_that_became_slow_is_overdue_once_and_traced_batch_by_batch_from_then_on() -> None:
    sampling = Sampling()
    traces(sampling, 100_000, 1_000, SECOND_NS)
    assert not sampling.overdue()
    assert sampling.overdue()
    assert sampling.after(5 * SECOND_NS) == 1
    assert sampling.after(6 * SECOND_NS) == 1


def test_a_clock_that_stands_still_traces_ever_fewer() -> None:
    sampling = Sampling()
    assert [sampling.after(0) for _ in range(5)] == [8, 64, 512, 4096, 4096]
