"""What peers with blocking calls share: the loop of round trips, and where the other side listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actorbus.bench.case import Case
from actorbus.bench.words import Latencies

__all__ = ["address_of", "round_trips", "tell_address"]


def round_trips(send: Callable[[bytes], object], recv: Callable[[], Any], warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes, one after the other; those of the first `warm_s` are not recorded.

    Raises:
        ValueError: the answer to another question.
    """
    clock, found = time.perf_counter_ns, Latencies()
    record = found.record
    began = start = clock()
    warm, until, number = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0
    while start < until:
        number += 1
        start = clock()
        question = number.to_bytes(32, "little")
        send(question)
        right = question.startswith(recv())
        took = clock() - start
        if not right:
            raise ValueError(f"question {number} got the answer to another")
        if start > warm:
            record(took)
    return found


def tell_address(case: Case, address: str) -> None:
    """Leave word of where this side listens, for the other one."""
    path = Path(case.place) / f"address{case.lane}"
    path.with_suffix(".new").write_text(address, encoding="utf-8")
    path.with_suffix(".new").rename(path)


def address_of(case: Case) -> str:
    """Return where the other side listens; it was opened before."""
    return (Path(case.place) / f"address{case.lane}").read_text(encoding="utf-8")
