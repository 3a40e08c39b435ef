"""Lanes compared in turns: their rates, what was lost, and how many times as fast the first is as each of the others.

Each fork (fresh pair of processes) is an attempt of its own. An optional peer whose lane fails is left out from then
on, with the reason; it costs the others at most that fork's time. A fork that fails for another reason is missing in
the figures, which say how many forks they are of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actorbus.bench import peers
from actorbus.bench.case import Case
from actorbus.bench.peers import MUST
from actorbus.bench.record import pooled, ratio
from actorbus.bench.scenarios.registry import Session, reason_of
from actorbus.bench.turns import Lane, LaneFailed, measure

__all__ = ["compare", "feed_of", "keep", "measured"]

NATIVELY, ITS_OWN, ONE_PROCESS = "sent by native code", "sent by its own calls", "one process sends and takes"
ON_AERON = ("actorbus", "floor", "pyaeron", "pyaeron+msgspec", "pyaeron+struct")


def feed_of(case: Case) -> str:
    """Return who sends what a lane receives."""
    if case.system == "Pykka":
        return ONE_PROCESS
    native = case.system == "floor" or case.system.startswith("stage:")
    if native or (case.system in ON_AERON and not case.own_publish and case.form != "columns"):
        return NATIVELY
    return ITS_OWN


def measured(session: Session, label: str, cases: Sequence[Case], *, share: float = 1.0) -> list[Mapping[str, Lane]]:
    """Measure lanes in forks; returns what each fork's lanes did, by the lane's label.

    Args:
        session: notes what fails.
        label: what is measured.
        cases: the lanes.
        share: of the usual turns: for what has many lanes.
    """
    effort, left, forks = session.effort, list(cases), list[Mapping[str, Lane]]()
    while len(forks) < effort.forks and left:
        words = f"{label}, fork {len(forks) + 1} of {effort.forks}"
        session.say(f"{words}: {', '.join(case.label for case in left)}")
        session.watch.look()
        try:
            lanes = measure(left, rounds=effort.turns(share), turn_s=effort.turn_s)
        except LaneFailed as error:
            case = left[error.lane] if error.lane is not None else None
            if case is not None and case.system not in MUST:
                left.remove(case)
                _note(session, label, case, error)
                continue
            session.skipped[words] = reason_of(error)
            forks.append({})
        except Exception as error:  # noqa: BLE001 - a failed fork must not cost an hour's figures; it is in the report
            session.skipped[words] = reason_of(error)
            forks.append({})
        else:
            forks.append({case.label: lane for case, lane in zip(left, lanes, strict=True)})
    return forks


def _note(session: Session, label: str, case: Case, error: LaneFailed) -> None:
    why = reason_of(error)
    if " ended by SIG" in why:  # it cannot run here: it is not tried again
        session.used.pop(case.system, None)
        session.lacks(case.system, why.removeprefix(f"{case.label}: "))
    else:
        session.skipped[f"{label}, {case.label}"] = why


def compare(session: Session, label: str, cases: Sequence[Case], *, share: float = 1.0) -> None:
    """Keep the rates of lanes measured in turns, and the first one's ratio to each of the others."""
    cases = [case for case in cases if case.system not in session.skipped]
    if not cases:
        return
    forks = measured(session, label, cases, share=share)
    keep(session, label, cases, forks)


def keep(
    session: Session, label: str, cases: Sequence[Case], forks: Sequence[Mapping[str, Lane]], *, ratios: bool = True
) -> None:
    """Keep the rates of what was measured, and the first one's ratios."""
    asked, first = session.effort.forks, cases[0]
    for case in cases:
        lanes = [fork[case.label] for fork in forks if case.label in fork]
        if not lanes and case.system not in MUST:
            continue  # why is noted
        session.keep(
            pooled, case.label, "msgs_per_s", [lane.rates[0] for lane in lanes], asked=asked, case=label, at=case.at,
            feed=feed_of(case), lost=sum(lane.lost for lane in lanes), wrong=sum(lane.wrong for lane in lanes),
            ran=peers.ran(case, "turns"),
        )  # fmt: skip
    for case in cases[1:] if ratios else ():
        both = [fork for fork in forks if first.label in fork and case.label in fork]
        if both:
            session.keep(
                ratio, first.label, case.label, [fork[first.label].rates[0] for fork in both],
                [fork[case.label].rates[0] for fork in both], asked=asked, case=label,
            )  # fmt: skip
