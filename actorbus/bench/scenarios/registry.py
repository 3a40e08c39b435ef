"""Which scenarios there are, and the way each is run: look at the machine, measure, note what was skipped and why."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, cast

from actorbus.bench import peers, rig
from actorbus.bench.machine import commit, machine, versions
from actorbus.bench.pace import Watch
from actorbus.bench.record import Effort, Report, Result, today
from actorbus.errors import ActorBusError, UsageError

__all__ = ["SCENARIOS", "Interrupted", "Scenario", "Session", "about", "expected_s", "reason_of", "run"]

BUSY_LOAD: Final = 0.5
"""Of a core each: a load before the run that is more leaves the run too little."""
BUSY_PERCENT: Final = 5.0
"""Of all processor time: stolen, or used by others, while a scenario ran."""


class Scenario(NamedTuple):
    """One scenario."""

    module: str
    about: str
    cores: int
    """It needs."""
    seconds: tuple[float, float, float]
    """It takes about: in full, of what must hold, quick."""


SCENARIOS: Final = {
    "publish": Scenario("publishing", "publish one typed message, call to return", 2, (40, 40, 5)),
    "publish-many": Scenario("publishing", "a list of typed messages by one call, against one by one", 2, (40, 40, 5)),
    "receive": Scenario("receiving", "from the poll's return to the handler's first line", 2, (40, 35, 4)),
    "latency": Scenario("latency", "round trips, IPC and UDP, with and without cores of their own", 3, (500, 20, 25)),
    "one-way": Scenario("latency", "one way at a fixed rate, from when a message was due", 3, (600, 15, 10)),
    "stages": Scenario("stages", "one typed message, stage by stage, and what a node adds", 2, (80, 60, 8)),
    "throughput": Scenario("throughput", "typed messages, fixed layouts, columns, bytes", 2, (400, 170, 35)),
    "fan-out": Scenario("scaling", "1, 10, 100 handlers of every message, and such that merely exist", 2, (120, 40, 8)),
    "streams": Scenario("scaling", "1, 10, 100 streams of one poller; one is used", 2, (60, 40, 5)),
    "kinds": Scenario("scaling", "1, 10, 100 message types on a stream; two are sent", 2, (40, 30, 4)),
    "contention": Scenario("contention", "a thread of pure Python work in the same process", 2, (150, 100, 10)),
    "dispatch": Scenario("pressure", "inline handlers against handlers with a thread of their own", 2, (80, 80, 8)),
    "metrics": Scenario("pressure", "the statistics file on against off", 2, (30, 25, 4)),
    "record": Scenario("recording", "a recorder beside a live subscriber; group commit; open after a crash; verify", 2,
                       (420, 150, 40)),
    "replay": Scenario("replaying", "a recording from its first to its last message, decoded", 1, (45, 45, 8)),
    "memory": Scenario("footprint", "resident memory at rest, and of each further stream", 1, (60, 20, 8)),
    "idle": Scenario("footprint", "CPU without traffic, the driver included", 1, (120, 30, 8)),
    "soak": Scenario("soaking", "many messages: growth of memory, descriptors, threads, mappings of every process", 2,
                     (300, 60, 10)),
}  # fmt: skip


def expected_s(name: str, effort: Effort) -> float:
    """Return how long a scenario takes, about: a bar is drawn by it, nothing else."""
    return SCENARIOS[name].seconds[("full", "hold", "quick").index(effort.kind)]


class Session:
    """What a scenario's measuring talks to: effort, progress, results, and where what failed is noted."""

    def __init__(self, name: str, effort: Effort, say: Callable[[str], None]) -> None:
        self.name = name
        self.effort = effort
        self.say = say
        self.results: list[Result] = []
        self.skipped: dict[str, str] = {}
        self.used: dict[str, str] = {}
        self.lacking: dict[str, str] = {}
        self.warnings: list[str] = []
        self.watch = Watch()

    def can(self, system: str) -> bool:
        """Return whether a system is wanted and may run here; the reason is noted when not."""
        if not self.effort.wants(system) or system in self.lacking:
            return False
        why = self.skipped.get(system) or peers.missing(system)
        if why is not None:
            self.lacks(system, why)
            return False
        self.used[system] = peers.about(system)
        return True

    def lacks(self, system: str, why: str) -> None:
        """Note that a system cannot run here at all; it is not tried again."""
        self.skipped[system] = why
        if system in peers.MUST:
            self.lacking[system] = why

    def attempt[T](self, what: str, measure: Callable[[], T]) -> T | None:
        """Measure; whatever fails is noted and does not end the scenario."""
        self.say(what)
        self.watch.look()
        try:
            return measure()
        except NotImplementedError as error:
            self.skipped[what] = str(error)
        except Exception as error:  # noqa: BLE001 - a failed case must not cost an hour's figures; it is in the report
            self.skipped[what] = reason_of(error)
        return None

    def keep(self, make: Callable[..., Result], *arguments: object, **more: object) -> None:
        """Take a result; of nothing that was measured there is none, and that is noted."""
        try:
            self.results.append(make(*arguments, **more))
        except ValueError as error:
            case = more.get("case", "")
            self.skipped.setdefault(f"{error}{f', {case}' if case else ''}", "see what failed before")


def reason_of(error: BaseException) -> str:
    """Return what failed and its last words, in a line."""
    if isinstance(error, ActorBusError):
        words = [line.strip() for line in (error.why or "").splitlines() if line.strip()]
        return f"{error.what}: {words[-1] if words else 'no last words'}"[:400]
    return f"{type(error).__name__}: {error}"[:400]


class Family(Protocol):
    """A module of scenarios."""

    def run(self, session: Session) -> None:
        """Measure the scenario of the session's name."""
        ...


def about(name: str) -> str:
    """Return what a scenario measures.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in SCENARIOS:
        raise UsageError(f"there is no scenario {name!r}", hint=f"one of {', '.join(SCENARIOS)}, or all")
    return SCENARIOS[name].about


def run(name: str, effort: Effort, say: Callable[[str], None] = lambda _: None) -> Report:
    """Measure one scenario.

    Raises:
        UsageError: there is none of that name.
        Interrupted: Ctrl-C; it has what was measured until then.
    """
    text = about(name)
    scenario, where, began = SCENARIOS[name], machine(), time.monotonic()
    session = Session(name, effort, say)
    family = cast("Family", importlib.import_module(f"actorbus.bench.scenarios.{scenario.module}"))

    def report() -> Report:
        conditions = session.watch.conditions()
        warnings = ["quick: few, short turns; ratios mean little"] if effort.quick else []
        if len(rig.cores()) < scenario.cores:
            warnings.append(f"{name} needs {scenario.cores} cores and has {len(rig.cores())}: its processes share them")
        warnings += session.warnings
        if where.load_before > BUSY_LOAD * where.cores:
            warnings.append(f"the machine was busy: load average {where.load_before} before it began")
        if conditions.foreign_percent > BUSY_PERCENT:
            warnings.append(f"others used {conditions.foreign_percent:g} % of the processors meanwhile")
        if conditions.steal_percent > BUSY_PERCENT:
            warnings.append(f"the hypervisor took {conditions.steal_percent:g} % of the processors meanwhile")
        systems = {result.system for result in session.results} | set(session.used)
        return Report(
            scenario=name,
            about=text,
            date=today(),
            machine=where,
            versions=versions(systems, arrays=any(result.case.startswith("columns") for result in session.results)),
            runs=effort.forks,
            results=session.results,
            warnings=warnings,
            skipped=session.skipped,
            peers=session.used,
            lacking=session.lacking,
            seconds=round(time.monotonic() - began, 1),
            kind=effort.kind,
            commit=commit(),
            conditions=conditions,
        )

    try:
        family.run(session)
    except KeyboardInterrupt as stop:
        session.warnings.append("stopped by Ctrl-C: not all of it was measured")
        raise Interrupted(report()) from stop
    return report()


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a scenario was measured; has what was measured until then."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report
