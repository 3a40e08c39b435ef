"""What the machine did meanwhile: how fast it was, who else used it, and what its hypervisor took.

    pace     a fixed piece of Python work, timed before, between and after the cases of a scenario. Over REFERENCE_MS it
             says how slow the machine is; its swing says how far its speed moved while we looked
    foreign  processor time of this system that was not ours (our processes', waited for), of all there was
    steal    processor time the hypervisor gave to others

None of it corrects a figure. It tells a reader which reports to compare, and which not to believe.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import msgspec

__all__ = ["REFERENCE_MS", "Conditions", "Watch", "pace_ms"]

REFERENCE_MS = 10.0
"""The pace loop at 100 ns a step, about what a core of 3 GHz takes with CPython 3.12: a yardstick, no promise."""
STEPS = 100_000
TRIES = 3
STAT = Path("/proc/stat")


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine did during a scenario."""

    pace_ms: float
    """The pace loop, the median of all looks."""
    slow: float
    """Of REFERENCE_MS: 2 is a machine half as fast."""
    swing: float
    """The slowest look over the quickest: 1 is a steady machine."""
    looks: int
    steal_percent: float
    """Of all processor time, taken by the hypervisor."""
    foreign_percent: float
    """Of all processor time, used by processes that are not ours."""


def pace_ms() -> float:
    """Return how long the fixed piece of work takes here and now, the best of three tries."""
    return min(_once() for _ in range(TRIES))


def _once() -> float:
    began, number = time.perf_counter(), 0
    for step in range(STEPS):
        number = (number * 1_103_515_245 + step) & 0x7FFFFFFF
    return (time.perf_counter() - began) * 1e3


class _Used:
    """Processor seconds until now: of the system, stolen, and ours."""

    def __init__(self) -> None:
        tick = os.sysconf("SC_CLK_TCK")
        try:
            fields = [int(field) / tick for field in STAT.read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
        except (OSError, ValueError, IndexError):
            fields = []
        user, nice, system, idle, waiting, hard, soft, stolen = (fields + [0.0] * 8)[:8]
        self.busy = user + nice + system + hard + soft
        self.stolen = stolen
        self.all = self.busy + stolen + idle + waiting
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        self.ours = sum(each.ru_utime + each.ru_stime for each in own)


class Watch:
    """Looks at the machine from when it is made."""

    def __init__(self) -> None:
        self._before = _Used()
        self._paces = [pace_ms()]

    def look(self) -> None:
        """Time the fixed piece of work once more."""
        self._paces.append(pace_ms())

    def conditions(self) -> Conditions:
        """Return what the machine did since; every process of ours must have ended."""
        self.look()
        now, before, paces = _Used(), self._before, sorted(self._paces)
        all_s = max(now.all - before.all, 1e-9)
        foreign = now.busy - before.busy - (now.ours - before.ours)
        middle = paces[len(paces) // 2]
        return Conditions(
            pace_ms=round(middle, 3),
            slow=round(middle / REFERENCE_MS, 2),
            swing=round(paces[-1] / paces[0], 2),
            looks=len(paces),
            steal_percent=round(max(0.0, now.stolen - before.stolen) / all_s * 100, 1),
            foreign_percent=round(max(0.0, foreign) / all_s * 100, 1),
        )
