"""`stages`: the same typed message, part by part, and what the framework adds to poll, list decode and a loop."""

from __future__ import annotations

import msgspec

from actorbus.bench import peers
from actorbus.bench.case import Case
from actorbus.bench.peers.stages import FLOOR, STAGES
from actorbus.bench.record import pooled
from actorbus.bench.scenarios.comparing import measured
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.turns import Lane

__all__ = ["ABOVE", "run"]

ONE = "one typed message"
ABOVE = "above poll + list decode + loop"


def run(session: Session) -> None:
    """Keep ns a message of each stage, and how much the framework is above its floor, turn by turn."""
    cases = [
        msgspec.structs.replace(Case(system="actorbus"), system=name)
        for name in ("actorbus", *STAGES, "pyaeron+msgspec", "floor")
        if name.startswith("stage:") or session.can(name)
    ]
    forks = measured(session, ONE, cases)
    asked = session.effort.forks
    costs = [{name: [1e9 / rate for rate in lane.rates[0] if rate] for name, lane in fork.items()} for fork in forks]
    for case in cases:
        session.keep(
            pooled, case.label, "message_ns", [fork.get(case.label, []) for fork in costs], asked=asked, case=ONE,
            ran=peers.ran(case, "turns"),
        )  # fmt: skip
    above = [_above(fork["actorbus"], fork[FLOOR]) for fork in forks if {"actorbus", FLOOR} <= fork.keys()]
    session.keep(pooled, "actorbus", "message_ns", above, asked=asked, case=ABOVE)


def _above(ours: Lane, floor: Lane) -> list[float]:
    """Return how many ns a message more ours takes, turn by turn."""
    return [
        1e9 / mine - 1e9 / least for mine, least in zip(ours.rates[0], floor.rates[0], strict=True) if mine and least
    ]
