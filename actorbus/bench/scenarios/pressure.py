"""`contention`, `dispatch`, `metrics`: the same typed work with one thing changed, in turns."""

from __future__ import annotations

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.record import Result, figure
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.scenarios.throughput import compare
from actorbus.bench.turns import measure

__all__ = ["run"]


def run(session: Session) -> list[Result]:
    """Measure the scenario of the session's name."""
    empty = Case(system="actorbus", lane=0, directory="", place="")
    if session.name == "contention":
        return _contention(session, empty)
    if session.name == "dispatch":
        lanes = [
            msgspec.structs.replace(empty, dispatch=kind, labelled=f"actorbus, {kind}")
            for kind in ("inline", "mailbox")
        ]
        return compare(session, "dispatch", lanes)
    lanes = [
        msgspec.structs.replace(empty, statistics=on, labelled=f"actorbus, statistics {'on' if on else 'off'}")
        for on in (True, False)
    ]
    return compare(session, "statistics", lanes)


def _contention(session: Session, empty: Case) -> list[Result]:
    """Measure with and without the other thread, in fresh pairs: a thread cannot be taken out of a process."""
    results: list[Result] = []
    effort = session.effort
    for system in ("actorbus", "pyaeron+msgspec"):
        if not session.can(system):
            continue
        rates: dict[bool, list[float]] = {False: [], True: []}
        for number in range(effort.runs):
            for busy in (False, True):
                case = msgspec.structs.replace(empty, system=system, busy_thread=busy)
                words = f"{system}, {'beside a busy thread' if busy else 'alone'}, run {number + 1}"
                found = session.attempt(
                    words, lambda c=case: measure([c], rounds=max(3, effort.rounds // 3), turn_s=effort.turn_s)
                )
                rates[busy] += found[0] if found else []
        results += [
            figure(f"{system}, alone", "msgs_per_s", rates[False], "contention"),
            figure(f"{system}, beside a busy thread", "msgs_per_s", rates[True], "contention"),
        ]
        pairs = [a / b for a, b in zip(rates[True], rates[False], strict=False) if b]
        results.append(
            figure(system, "ratio", pairs, "contention", "of the same alone; a fair share of the GIL is 0.5")
        )
    return results
