"""Nodes that start and stop many times in one process leave nothing behind. Run as a program of its own.

    python -W error -m tests.system.cycles CYCLES

Prints one JSON object: what is left (threads, fds, mappings, /dev/shm files), how RssAnon grew between cycle 20 (or a
tenth) and the last, and what was logged at WARNING or above.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import threading
from pathlib import Path

import actorbus as ab
from tests.support.leaks import left_since, snapshot


class Counts(ab.Handler):
    def __init__(self) -> None:
        self.seen = 0

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        self.seen += 1


def topology(name: str, stream_id: int) -> dict[str, object]:
    return {
        "version": 1,
        "name": name,
        "streams": {"bars": {"stream_id": stream_id, "messages": ["Bar"]}},
        "handlers": {"counts": {"stream": "bars", "class": "tests.system.cycles:Counts"}},
    }


def bar(number: int) -> ab.Bar:
    price = ab.price("1.5")
    return ab.Bar("X", start_time_ns=number, open=price, high=price, low=price, close=price, volume=number, count=1)


def cycle(number: int) -> None:
    """One start, some messages, one stop; every fifth time two nodes at once."""
    nodes = [ab.Node.from_dict(topology(f"cycle{place}", 100 + place)) for place in range(2 if number % 5 == 4 else 1)]
    for node in nodes:
        node.open()
    try:
        for node in nodes:
            publish = node.publisher("bars").publish
            for message in range(20):
                publish(bar(message))
    finally:
        for node in reversed(nodes):
            node.close()
    for node in nodes:
        handled = node.stats().handlers["counts"].messages
        assert handled == 20, f"cycle {number}: {handled} of 20 messages were handled"


class Logged(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def rss_anon_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1])


def floor_kib(numbers: range) -> int:
    """Run these cycles; returns the least RssAnon after any of the last five.

    A leak lifts the floor. What lies above it comes and goes: which of glibc's arenas a thread happened to get.
    """
    sizes: list[int] = []
    for number in numbers:
        cycle(number)
        if number >= numbers.stop - 5:
            gc.collect()
            sizes.append(rss_anon_kib())
    return min(sizes)


def main(cycles: int) -> None:
    logged = Logged()
    logging.getLogger().addHandler(logged)
    warm = min(20, cycles // 2)
    rss = floor_kib(range(warm))
    before = snapshot()
    grown = floor_kib(range(warm, cycles)) - rss
    print(
        json.dumps(
            {
                "cycles": cycles,
                "left": left_since(before),
                "rss_anon_growth_kib": grown,
                "threads": threading.active_count(),
                "logged": logged.lines,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
