"""The calling thread's CPU and name."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from actorbus.errors import InvalidValue
from actorbus.ffi import system
from actorbus.ffi.native import lib


def in_thread[T](function: Callable[[], T]) -> T:
    """Call in a thread of its own: pins and names end with it."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(30)
    assert results, "the thread raised"
    return results[0]


def test_available_cpus_are_those_of_the_process() -> None:
    assert system.available_cpus() == tuple(sorted(os.sched_getaffinity(os.getpid())))


def test_a_thread_runs_where_it_is_pinned_and_only_that_thread() -> None:
    def pin() -> list[tuple[int, int, set[int]]]:
        seen: list[tuple[int, int, set[int]]] = []
        for cpu in system.available_cpus():
            system.pin_thread(cpu)
            seen.append((cpu, system.current_cpu(), os.sched_getaffinity(0)))
        return seen

    before = os.sched_getaffinity(0)
    for cpu, current, affinity in in_thread(pin):
        assert current == cpu
        assert affinity == {cpu}
    assert os.sched_getaffinity(0) == before


def test_an_unpinned_thread_may_run_everywhere_again() -> None:
    def pin_and_unpin() -> set[int]:
        system.pin_thread(system.available_cpus()[0])
        system.unpin_thread()
        return os.sched_getaffinity(0)

    assert in_thread(pin_and_unpin) == set(system.available_cpus())


@pytest.mark.parametrize("cpu", [-1, 16_383, 2**31, 2**70, -(2**70)])
def test_a_cpu_that_is_not_there_is_refused_with_those_that_are(cpu: int) -> None:
    with pytest.raises(
        InvalidValue, match=rf"cpu {cpu} is not one this process may use \({system.available_cpus()[0]}"
    ):
        system.pin_thread(cpu)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("poller", "poller"), ("poller of the bars", "poller of the b"), ("é" * 9, "é" * 7 + "�"), ("a\0b", "a?b")],
)
def test_a_name_is_what_ps_shows(name: str, shown: str) -> None:
    def rename() -> str:
        system.name_thread(name)
        return system.thread_name()

    assert in_thread(rename) == shown


def test_native_clocks_are_pythons() -> None:
    before = time.monotonic_ns()
    assert before <= lib.ab_clock_monotonic_ns() <= time.monotonic_ns()
    before = time.time_ns()
    assert abs(lib.ab_clock_realtime_ns() - before) < 60_000_000_000


def test_memory_is_given_back_or_the_c_library_cannot() -> None:
    assert system.trim_memory() in (True, False)
