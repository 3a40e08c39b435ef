"""Time that a test spends, and how much of it a machine's own pace explains.

`pace` spaces out the traffic a test *sends*. It is never a way to wait for something to happen: that has a deadline.
`slowness` is for bounds on the processor's time: a machine that runs everything at half speed breaks none of them.
"""

from __future__ import annotations

import threading
import time

__all__ = ["pace", "slowness"]

_never = threading.Event()

USUAL_S = 0.0025
"""What `_work` takes where the bounds of the tests were set (EPYC at 2.4 GHz, CPython 3.12)."""


def pace(seconds: float) -> None:
    """Leave so much time between what was sent and what is sent next."""
    _never.wait(seconds)


def slowness() -> float:
    """Return how many times longer than usual this machine takes for plain Python just now; 1.0 at least."""
    began = time.thread_time()
    _work()
    return max(1.0, (time.thread_time() - began) / USUAL_S)


def _work() -> int:
    table: dict[str, int] = {}
    for number in range(10_000):
        name = str(number % 977)
        table[name] = table.get(name, 0) + len(name)
    return len(table)
