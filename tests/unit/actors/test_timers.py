from __future__ import annotations

import pytest

from actorbus.actors.timers import Timers


def no_failure(owner: str, error: BaseException) -> None:
    pytest.fail(f"{owner}: {error}")


def test_timers_fire_in_the_order_they_are_due_and_one_shots_only_once() -> None:
    timers = Timers(no_failure)
    fired: list[str] = []
    timers.add("h", 20, None, lambda: fired.append("b"))
    timers.add("h", 10, None, lambda: fired.append("a"))

    assert timers.next_due_ns == 10
    assert timers.fire(9) == 0
    assert timers.fire(25) == 2
    assert fired == ["a", "b"]
    assert timers.next_due_ns is None


def test_a_late_tick_is_not_made_up_for_and_keeps_its_phase() -> None:
    timers = Timers(no_failure)
    fired: list[int] = []
    timers.add("h", 100, 100, lambda: fired.append(1))

    timers.fire(350)

    assert len(fired) == 1
    assert timers.next_due_ns == 400


def test_a_cancelled_timer_never_fires_also_when_it_cancels_itself() -> None:
    timers = Timers(no_failure)
    fired: list[int] = []
    timer = timers.add("h", 100, 100, lambda: (fired.append(1), timer.cancel())[0])
    other = timers.add("h", 100, None, lambda: fired.append(2))
    other.cancel()

    for now in (100, 200, 300):
        timers.fire(now)

    assert fired == [1]
    assert not timer.active


def test_a_raising_timer_is_reported_under_its_owner_and_the_others_fire() -> None:
    failed: list[tuple[str, str]] = []
    timers = Timers(lambda owner, error: failed.append((owner, str(error))))
    fired: list[int] = []

    def raises() -> None:
        raise ValueError("no")

    timers.add("bad", 1, None, raises)
    timers.add("good", 2, None, lambda: fired.append(1))
    timers.fire(5)

    assert failed == [("bad", "no")]
    assert fired == [1]


def test_cancelling_an_owner_cancels_all_its_timers_and_no_others() -> None:
    timers = Timers(no_failure)
    fired: list[str] = []
    timers.add("a", 1, None, lambda: fired.append("a"))
    timers.add("b", 1, None, lambda: fired.append("b"))
    timers.cancel_owner("a")
    timers.fire(5)

    assert fired == ["b"]
