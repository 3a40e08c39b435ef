"""Which segments may go: by age, by size, never beyond the slowest consumer, never the one written to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.errors import InvalidValue
from actorbus.recording.retention import Retention, Segment, removable


def segments(count: int) -> list[Segment]:
    """Return segments of 100 bytes and 10 records each, one a second."""
    return [
        Segment(
            path=f"{n}",
            first_position=100 * n,
            end_position=100 * n + 100,
            first_sequence=10 * n,
            next_sequence=10 * n + 10,
            last_time_ns=(n + 1) * 1_000_000_000,
            bytes=100,
        )
        for n in range(count)
    ]


NOW_NS = 10_000_000_000


@pytest.mark.parametrize(
    ("rules", "consumers", "count"),
    [
        (Retention(), {}, 0),
        (Retention(age_ns=7_000_000_000), {}, 2),
        (Retention(age_ns=1), {}, 4),
        (Retention(size_bytes=300), {}, 2),
        (Retention(size_bytes=1), {}, 4),
        (Retention(size_bytes=1), {"a": 250, "b": 500}, 2),
        (Retention(size_bytes=1), {"a": 200}, 2),
        (Retention(size_bytes=1), {"a": 0}, 0),
        (Retention(size_bytes=1, consumers=False), {"a": 0}, 4),
        (Retention(size_bytes=10_000, age_ns=1_000_000_000_000), {}, 0),
    ],
)
def test_the_oldest_go_that_a_rule_gives_up(rules: Retention, consumers: dict[str, int], count: int) -> None:
    assert removable(segments(5), rules, now_ns=NOW_NS, consumers=consumers)[0] == count


def test_what_stays_for_a_consumer_says_so() -> None:
    found = removable(segments(5), Retention(size_bytes=1), now_ns=NOW_NS, consumers={"audit": 150})
    assert found == (1, ("consumer audit is at position 150",))


@pytest.mark.parametrize("wrong", [{"age_ns": 0}, {"size_bytes": -1}])
def test_rules_that_keep_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidValue, match="is not positive"):
        Retention(**wrong)


@given(st.integers(1, 8), st.integers(1, 1000), st.integers(1, 10**10), st.lists(st.integers(0, 900), max_size=3))
def test_no_consumer_loses_what_it_has_not_read(count: int, size: int, age: int, places: list[int]) -> None:
    found = segments(count)
    consumers = {f"c{n}": place for n, place in enumerate(places)}
    gone, _ = removable(found, Retention(size_bytes=size, age_ns=age), now_ns=NOW_NS, consumers=consumers)
    assert gone < count
    assert all(found[gone].first_position <= place for place in places) or gone == 0
