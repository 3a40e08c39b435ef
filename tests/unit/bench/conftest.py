"""A media driver for all tests of the bench, and a folder with words for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from actorbus.bench import rig
from actorbus.bench.case import Case
from actorbus.bench.words import Words


@pytest.fixture(scope="session")
def bench_driver() -> Iterator[str]:
    with rig.driver() as directory:
        yield directory


@pytest.fixture
def words_place() -> Iterator[str]:
    with rig.place() as place:
        Words.make(place)
        yield place


@pytest.fixture
def case_of(bench_driver: str, words_place: str) -> Callable[..., Case]:
    """Return a maker of cases on the shared driver; each test has a lane of its own."""
    lanes = iter(range(hash(words_place) % 50_000, 100_000))

    def make(system: str, **changes: object) -> Case:
        lane = {"lane": next(lanes), **changes}
        channel = "aeron:ipc?term-length=1m"
        return Case(**{"system": system, "directory": bench_driver, "place": words_place, "channel": channel, **lane})

    return make
