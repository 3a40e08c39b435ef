"""`throughput`: typed messages to a handler, and bytes at four sizes. `stages`: the same typed message, part by part.

struct    our handler reads two fields where they lie; the others decode msgpack, as in `typed`
columns   arrays on both sides, against a native subscriber that counts lone messages
typed     Aeron systems are fed by the same native flood, so that the reader is measured; sockets by their own send
bytes     every system with its own publish call on the writer's side; from 10 KB on with the largest MTU on IPC
"""

from __future__ import annotations

import importlib.util

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.peers import MUST
from actorbus.bench.peers.stages import STAGES
from actorbus.bench.record import Result, figure, ratio
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.turns import measure

__all__ = ["compare", "run"]

TYPED = ("actorbus", "pyaeron+msgspec", "floor")
SOCKETS = ("actorbus", "pyzmq", "multiprocessing", "pynng")
SIZED = ("actorbus", "pyaeron", "floor", "pyzmq", "iceoryx2")
SIZES = ((32, "32 B"), (1024, "1 KB"), (10_240, "10 KB"), (102_400, "100 KB"))
LARGE = 10_000
IPC = "aeron:ipc?term-length=16m"


def compare(session: Session, label: str, cases: list[Case], *, rounds: int | None = None) -> list[Result]:
    """Measure lanes in turns; returns their rates, and the first one's ratio to each of the others."""
    effort = session.effort
    rates = session.attempt(
        f"{label}: {', '.join(case.label for case in cases)}",
        lambda: measure(cases, rounds=rounds or effort.rounds, turn_s=effort.turn_s),
    )
    if rates is None:
        # An optional peer that cannot do this case must not cost the others theirs.
        sure = [case for case in cases if case.system in MUST]
        return compare(session, label, sure, rounds=rounds) if 1 < len(sure) < len(cases) else []
    first = cases[0]
    results = [figure(case.label, "msgs_per_s", rate, label) for case, rate in zip(cases, rates, strict=True)]
    results += [
        ratio(first.label, case.label, rates[0], rate, label) for case, rate in zip(cases[1:], rates[1:], strict=True)
    ]
    return results


def run(session: Session) -> list[Result]:
    """Measure."""
    effort, results = session.effort, list[Result]()
    empty = Case(system="actorbus", lane=0, directory="", place="", channel=IPC)

    def lanes(names: tuple[str, ...], **changes: object) -> list[Case]:
        return [msgspec.structs.replace(empty, system=name, **changes) for name in names if session.can(name)]

    if session.name == "stages":
        return _stages(session, lanes(("actorbus", *STAGES, "floor")))
    results += compare(session, "typed, handler a message", lanes(TYPED))
    in_batches = [msgspec.structs.replace(case, batch=True) for case in lanes(TYPED)]
    results += compare(session, "typed, batch handler", in_batches)
    results += compare(session, "struct, two of five fields", lanes(TYPED, form="struct"))
    if importlib.util.find_spec("numpy") is not None:
        results += compare(session, "columns, publish_columns", lanes(("actorbus", "floor"), form="columns"))
    beside = lanes(SOCKETS)
    if len(beside) > 1:
        results += compare(session, "typed, beside sockets", beside, rounds=max(3, effort.rounds // 3))
    for size, label in SIZES[:: 2 if effort.quick else 1]:
        channel = f"{IPC}|mtu=65504" if size > LARGE else IPC
        sized = lanes(SIZED, size=size, channel=channel, own_publish=True)
        results += compare(session, f"bytes, {label}", sized, rounds=max(3, effort.rounds // 3))
    return results


def _stages(session: Session, cases: list[Case]) -> list[Result]:
    """Return ns a message of each stage, and how much the framework is above poll + decode + loop, turn by turn."""
    effort = session.effort
    rates = session.attempt("stages", lambda: measure(cases, rounds=effort.rounds, turn_s=effort.turn_s))
    if rates is None:
        return []
    costs = [[1e9 / rate for rate in lane if rate] for lane in rates]
    results = [
        figure(case.label, "message_ns", cost, "one typed message") for case, cost in zip(cases, costs, strict=True)
    ]
    above = [ours - floor for ours, floor in zip(costs[0], costs[len(STAGES)], strict=False)]
    return [*results, figure("actorbus", "message_ns", above, "above poll + list decode + loop")]
