"""Two pinned processes start together, stop together, report, and end with the block."""

from __future__ import annotations

import os
import sys
import time

import pytest

from tests.support.pinned import pinned_pair, ready, report, stop_asked

ME = "tests.support.test_pinned"


def test_both_run_pinned_until_asked_to_stop() -> None:
    with pinned_pair([ME, "count"], [ME, "count"]) as pair:
        pair.wait_ready(30)
        pair.go()
        pair.stop()
        results = pair.results(30)
    assert [result["cpus"] for result in results] == [[cpu] for cpu in pair.cpus]


def test_a_child_that_fails_is_named_with_its_last_words() -> None:
    with (
        pinned_pair([ME, "count"], [ME, "fail"]) as pair,
        pytest.raises(AssertionError, match=r"fail ended with 3.*oh"),
    ):
        pair.wait_ready(30)


def test_a_child_that_hangs_misses_its_deadline_and_is_gone_after_the_block() -> None:
    with pinned_pair([ME, "count"], [ME, "deaf"]) as pair:
        pair.wait_ready(30)
        pair.go()
        pair.stop()
        with pytest.raises(AssertionError, match="deaf did not say RESULT in time"):
            pair.results(0.5)
    assert pair.second.child.returncode == -9


def main(what: str) -> None:
    if what == "fail":
        print("oh", file=sys.stderr)
        raise SystemExit(3)
    ready()
    rounds = 0
    end = time.monotonic() + 60
    while time.monotonic() < end and (what == "deaf" or not stop_asked()):
        rounds += 1
    report({"rounds": rounds, "cpus": sorted(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main(sys.argv[1])
