"""Which scenarios there are, and the way each is run: look at the machine, measure, note what was skipped and why."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Final, Protocol, cast

from actorbus.bench import peers, rig
from actorbus.bench.record import Effort, Report, Result, machine, today, versions
from actorbus.errors import ActorBusError, UsageError

__all__ = ["SCENARIOS", "Session", "about", "run"]

BUSY_LOAD: Final = 0.5
SCENARIOS: Final = {
    "publish": ("publishing", "publish one typed message, call to return", 2),
    "publish-many": ("publishing", "a list of typed messages by one call, against one by one", 2),
    "receive": ("receiving", "from the poll's return to the handler's first line", 2),
    "latency": ("latency", "round trip, and one way under an open-loop load, IPC and UDP loopback", 3),
    "stages": ("throughput", "one typed message, stage by stage, and what the framework adds to them", 2),
    "throughput": ("throughput", "typed messages to a handler, and bytes at four sizes", 2),
    "fan-out": ("scaling", "1, 10, 100 handlers of every message, and handlers that merely exist", 2),
    "streams": ("scaling", "1, 10, 100 streams of one poller; one is used", 2),
    "kinds": ("scaling", "1, 10, 100 message types on a stream; two are sent", 2),
    "contention": ("pressure", "a thread of pure Python work in the reader's process", 2),
    "dispatch": ("pressure", "inline handlers against handlers with a thread of their own", 2),
    "metrics": ("pressure", "the statistics file on against off", 2),
    "record": ("recording", "a recorder beside a live subscriber; group commit; open after a crash; verify", 2),
    "replay": ("replaying", "a recording from its first to its last message, decoded", 1),
    "memory": ("footprint", "resident memory of a node, and of each further stream", 1),
    "idle": ("footprint", "CPU of a node without traffic, its driver included", 1),
    "soak": ("footprint", "many messages: growth of memory, descriptors, threads, mappings, shared memory", 2),
}
"""Name: (module, what it measures, cores it needs)."""

BESIDE: Final = ("latency", "throughput")
"""Where all systems that can run stand side by side: there a reader looks for the others too."""


class Session:
    """What a scenario's measuring talks to: effort, progress, and where skipped systems are noted."""

    def __init__(self, name: str, effort: Effort, say: Callable[[str], None]) -> None:
        self.name = name
        self.effort = effort
        self.say = say
        self.skipped: dict[str, str] = {}
        self.used: dict[str, str] = {}

    def can(self, system: str) -> bool:
        """Return whether a system is wanted and installed; the reason is noted when not."""
        if not self.effort.wants(system):
            return False
        why = peers.missing(system)
        if why is not None:
            self.skipped[system] = why
            return False
        self.used[system] = peers.about(system)
        return True

    def attempt[T](self, what: str, measure: Callable[[], T]) -> T | None:
        """Measure; a failure of one case is noted and does not end the scenario."""
        self.say(what)
        try:
            return measure()
        except ActorBusError as error:
            last_words = [line.strip() for line in (error.why or "").splitlines() if line.strip()]
            self.skipped[what] = f"{error.args[0] if error.args else error}: {last_words[-1] if last_words else ''}"[
                :400
            ]
            return None


class Family(Protocol):
    """A module of scenarios."""

    def run(self, session: Session) -> list[Result]:
        """Measure the scenario of the session's name."""
        ...


def about(name: str) -> str:
    """Return what a scenario measures.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in SCENARIOS:
        raise UsageError(f"there is no scenario {name!r}", hint=f"one of {', '.join(SCENARIOS)}, or all")
    return SCENARIOS[name][1]


def run(name: str, effort: Effort, say: Callable[[str], None] = lambda _: None) -> Report:
    """Measure one scenario."""
    text = about(name)
    module, _, needed = SCENARIOS[name]
    where, began = machine(), time.monotonic()
    warnings: list[str] = ["quick: few, short turns; ratios mean little"] if effort.quick else []
    if len(rig.cores()) < needed:
        warnings.append(f"{name} needs {needed} cores and has {len(rig.cores())}: its processes share them")
    if name == "latency" and len(rig.cores()) < needed + 1:
        warnings.append(
            f"two spinning processes and the driver share {len(rig.cores())} cores: "
            "percentiles above p50 are the kernel's"
        )
    if where.load_before > BUSY_LOAD:
        warnings.append(f"the machine was busy: load average {where.load_before} before it began")
    session = Session(name, effort, say)
    family = cast("Family", importlib.import_module(f"actorbus.bench.scenarios.{module}"))
    results = family.run(session)
    return Report(
        scenario=name,
        about=text,
        date=today(),
        machine=where,
        versions=versions(),
        runs=effort.runs,
        results=results,
        warnings=warnings,
        skipped=session.skipped,
        peers=session.used,
        left_out=dict(peers.LEFT_OUT) if name in BESIDE else {},
        seconds=round(time.monotonic() - began, 1),
    )
