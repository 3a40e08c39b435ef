"""`contention`: a thread of pure Python work in the same process, at the switch interval of two profiles.

share     the rate with that thread and without it, in turns of the same pair of processes: a fair share of the
          interpreter is half of it
calls     how long each call of `publish` takes beside it: none may stall for a switch interval
lateness  how late a handler is: it is woken by a message, and then waits for the interpreter like any other thread;
          a loop written by hand that spins on pyaeron waits as long once it was put out
"""

from __future__ import annotations

import msgspec

from actorbus.bench import peers
from actorbus.bench.case import Case
from actorbus.bench.record import percentiles, ratio
from actorbus.bench.scenarios.comparing import keep, measured
from actorbus.bench.scenarios.pressure import PROFILES
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.stalls import calls
from actorbus.bench.ticks import one_way
from actorbus.bench.words import Dump

__all__ = ["BUSY", "CALL_RATE", "SYSTEMS", "TICK_RATE", "run"]

SYSTEMS = ("actorbus", "pyaeron+msgspec")
BUSY = "beside a busy thread"
CALL_RATE, TICK_RATE = 10_000, 1_000


def run(session: Session) -> None:
    """Measure shares, then calls and lateness, of each profile."""
    wanted = ("actorbus",) if session.effort.judged else SYSTEMS
    systems = [name for name in wanted if session.can(name)]
    for profile, words in PROFILES.items():
        _shares(session, [Case(system=name, profile=profile) for name in systems], words)
        for system in systems:
            case = Case(system=system, profile=profile, busy_thread=True)
            _calls(session, case, words)
            _lateness(session, msgspec.structs.replace(case, form="ticks"), words)


def _shares(session: Session, alone: list[Case], words: str) -> None:
    case, asked = f"contention, {words}", session.effort.forks
    beside = [msgspec.structs.replace(each, busy_thread=True, labelled=f"{each.system}, {BUSY}") for each in alone]
    forks = measured(session, case, [*alone, *beside])
    keep(session, case, [*alone, *beside], forks, ratios=False)
    for one, other in zip(alone, beside, strict=True):
        both = [fork for fork in forks if one.label in fork and other.label in fork]
        session.keep(
            ratio, other.label, one.label, [fork[other.label].rates[0] for fork in both],
            [fork[one.label].rates[0] for fork in both], asked=asked, case=case, note="a fair share is 0.5",
        )  # fmt: skip


def _calls(session: Session, case: Case, words: str) -> None:
    effort, found = session.effort, list[Dump]()
    for fork in range(effort.forks):
        what = f"publish {BUSY}, {words}, {case.system}, run {fork + 1}"
        found.append(session.attempt(what, lambda: calls(case, seconds=effort.seconds, rate=CALL_RATE)) or [])
    session.keep(
        percentiles, case.system, "publish_ns", found, asked=effort.forks, case=f"publish {BUSY}, {words}",
        ran=[*peers.ran(case, "publish"), "actorbus.bench.stalls:publish", "actorbus.bench.busy:BusyThread"],
    )  # fmt: skip


def _lateness(session: Session, case: Case, words: str) -> None:
    effort, there = session.effort, list[tuple[Dump, int]]()
    for fork in range(effort.forks):
        what = f"ticks {BUSY}, {words}, {case.system}, run {fork + 1}"
        answer = session.attempt(what, lambda: one_way(case, seconds=effort.seconds, rate=TICK_RATE))
        if answer is not None:
            there.append(answer)
    session.keep(
        percentiles, case.system, "one_way_ns", [dump for dump, _ in there], asked=effort.forks,
        case=f"handler {BUSY}, {words}", lost=sum(lost for _, lost in there),
        ran=[*peers.ran(case, "ticks"), "actorbus.bench.ticks:hear", "actorbus.bench.busy:BusyThread"],
    )  # fmt: skip
