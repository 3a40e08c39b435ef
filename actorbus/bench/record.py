"""What was measured, as it is written to JSON: figures with their spread, and an honest record of where.

    Report { scenario, machine, versions, runs, results: [Result ...], warnings, skipped, about }

Only figures of one run are compared: ratios are taken turn by turn, and their median is what counts.
"""

from __future__ import annotations

import functools
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from actorbus.bench import rig

__all__ = ["Effort", "Machine", "Report", "Result", "figure", "machine", "percentiles", "ratio", "today", "versions"]

PACKAGES = ("actorbus", "pyaeron", "msgspec", "cffi", "pykka", "pyzmq", "pynng", "iceoryx2", "numpy")


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How long to look, and at whom."""

    rounds: int = 25
    turn_s: float = 0.1
    runs: int = 3
    seconds: float = 1.5
    systems: tuple[str, ...] | None = None
    """Only these; None: all that can run."""
    soak_messages: int = 10_000_000
    journal_bytes: int = 10 << 30
    """Of the journal that is opened after a crash."""
    quick: bool = False

    def wants(self, system: str) -> bool:
        """Return whether a system was asked for: ours and its stages always are."""
        return self.systems is None or system == "actorbus" or system.startswith("stage:") or system in self.systems


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of one system."""

    system: str
    metric: str
    """msgs_per_s, round_trip_ns, one_way_ns, publish_ns, receive_ns, ratio, MB, share."""
    min: float
    median: float
    max: float
    case: str = ""
    """What of the scenario: a size, a count, a channel."""
    runs: list[float] = []
    percentiles_ns: dict[str, int] = {}
    note: str = ""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it ran; no names."""

    processor: str
    cores: int
    isolated: str
    memory_gb: float
    kernel: str
    load_before: float
    """The one-minute load average before the first scenario of this process: what else was going on."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario's outcome."""

    scenario: str
    about: str
    date: str
    machine: Machine
    versions: dict[str, str]
    runs: int
    results: list[Result]
    warnings: list[str]
    skipped: dict[str, str]
    peers: dict[str, str] = {}
    left_out: dict[str, str] = {}
    """Systems a reader may look for in vain, and why they are not here."""
    seconds: float = 0.0


type Progress = Callable[[str], None]


def figure(system: str, metric: str, values: Sequence[float], case: str = "", note: str = "") -> Result:
    """Return min, median and max of some runs; all 0 for none."""
    found = list(values) or [0.0]
    return Result(
        system=system,
        metric=metric,
        case=case,
        min=min(found),
        median=statistics.median(found),
        max=max(found),
        runs=[float(f"{value:.6g}") for value in found],
        note=note,
    )


def percentiles(
    system: str, metric: str, curves: Sequence[dict[str, int]], case: str = "", note: str = "", at: str = "p50"
) -> Result:
    """Return a figure of the runs' p50, with the median run's curve."""
    ordered = sorted((curve for curve in curves if curve), key=lambda curve: curve[at])
    made = figure(system, metric, [curve[at] for curve in ordered], case, note)
    return msgspec.structs.replace(made, percentiles_ns=ordered[len(ordered) // 2] if ordered else {})


def ratio(system: str, other: str, ours: Sequence[float], theirs: Sequence[float], case: str = "") -> Result:
    """Return turn-by-turn ratios of `system` to `other`; one that did nothing in a turn counts as one a second."""
    pairs = [a / (b or 1.0) for a, b in zip(ours, theirs, strict=True)]
    return figure(system, "ratio", pairs, case, f"of {other}")


def machine() -> Machine:
    """Describe this machine by class, not by name."""
    lines = (line.partition(":") for line in _text("/proc/cpuinfo").splitlines())
    facts = {key.strip(): value.strip() for key, _, value in lines}
    memory = next((line.split()[1] for line in _text("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "0")
    return Machine(
        processor=facts.get("model name", platform.machine()),
        cores=len(rig.cores()),
        isolated=_text("/sys/devices/system/cpu/isolated").strip() or "none",
        memory_gb=round(int(memory) / 1e6, 1),
        kernel=platform.release().split("-")[0],
        load_before=_load_before(),
    )


@functools.cache
def _load_before() -> float:
    """Return the one-minute load average as it was at the first call: later it is the bench's own."""
    return round(os.getloadavg()[0], 2)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def versions() -> dict[str, str]:
    """Return the versions that matter, Aeron's own included."""
    from actorbus.ffi import load

    found = {"python": platform.python_version(), "aeron": load().text}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def today() -> str:
    """Return date and time, UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
