"""Round trips, one after the other: fresh processes with a fresh driver for every run of every system, in turns.

    two processes   asker and answerer, each on a core of its own, or where the kernel puts them
    one process     asker and answerer share it and its core: where the driver, on whose way the messages are (UDP),
                    needs the other one

The driver spins where it has a core of its own, and parks elsewhere.
"""

from __future__ import annotations

import sys

import msgspec

from actorbus.bench import peers, rig
from actorbus.bench.case import Case
from actorbus.bench.topologies import switch_interval_s
from actorbus.bench.words import READY, STOP, TURN, Dump, Latencies, Words
from actorbus.errors import BrokenError
from actorbus.transport import DriverSettings

__all__ = ["PING_WARM_S", "answer", "ask", "ask_alone", "driver_of", "opened", "round_trip", "run_pair"]

PING_WARM_S = 0.5


def driver_of(case: Case, *, alone: bool = False) -> DriverSettings:
    """Return the driver of a case.

    A case of the profile `low-latency` has that profile's three spinning threads where there are five cores. Else it
    spins on a core of its own where that is left (three cores, or two and both sides in one process), and parks.
    """
    found = rig.cores()
    if case.pinned and case.profile == "low-latency" and len(found) >= 5:
        cpus = dict(zip(("conductor", "sender", "receiver"), found[2:5], strict=True))
        return DriverSettings.low_latency().with_(cpus=cpus, linger_ns=200_000_000, receive_buffer=None)
    if case.pinned and rig.spare_cpu() is not None:
        return rig.spinning(found[2])
    if case.pinned and alone and len(found) == 2:
        return rig.spinning(found[0])
    return DriverSettings.laptop().with_(linger_ns=200_000_000)


def round_trip(case: Case, *, seconds: float, alone: bool = False) -> Dump:
    """Return the round trips of one run, in fresh processes with a fresh driver.

    Args:
        case: who and where.
        seconds: of the run, behind half a second that warms.
        alone: asker and answerer are one process.

    Raises:
        BrokenError: a process failed, or nothing was recorded.
    """
    if alone:
        return _alone(case, seconds)
    return run_pair(case, "actorbus.bench.trips:ask", "actorbus.bench.trips:answer", {"seconds": seconds}, seconds)[0]


def _alone(case: Case, seconds: float) -> Dump:
    cpu = rig.cores()[-1 if len(rig.cores()) == 2 else 0]
    with rig.driver(driver_of(case, alone=True)) as directory, rig.place() as place:
        Words.make(place)
        found = msgspec.structs.replace(case, directory=directory, place=place, cpu=cpu)
        arguments = {"case": msgspec.to_builtins(found), "place": place, "seconds": seconds}
        side = rig.Side("actorbus.bench.trips:ask_alone", arguments, cpu if case.pinned else None)
        answers = rig.run(side, within_s=seconds + 60)
    return _dump(case, answers[0], seconds)


def run_pair(case: Case, near: str, far: str, more: dict[str, object], seconds: float) -> tuple[Dump, int]:
    """Run both sides of a case; returns what was recorded, and how many messages were lost.

    Args:
        case: who and where.
        near: the side on the first core, `module:function`; it gets `more`.
        far: the other one.
        more: arguments of the near side.
        seconds: how long it takes, about.
    """
    first, second = rig.two_cpus()
    with rig.driver(driver_of(case)) as directory, rig.place() as place:
        Words.make(place)

        def side(target: str, cpu: int, **options: object) -> rig.Side:
            found = msgspec.structs.replace(case, directory=directory, place=place, cpu=cpu)
            arguments = {"case": msgspec.to_builtins(found), "place": place, **options}
            return rig.Side(target, arguments, cpu if case.pinned else None)

        answers = rig.run(side(near, first, **more), side(far, second), within_s=seconds + 60)
    recorded = next((each for each in answers if each.get("dump")), answers[0])
    sent, came = (next((each[key] for each in answers if key in each), 0) for key in ("sent", "came"))
    return _dump(case, recorded, seconds), int(str(sent)) - int(str(came))


def _dump(case: Case, found: dict[str, object], seconds: float) -> Dump:
    if not found.get("dump"):
        raise BrokenError(f"{case.label}: no message was recorded within {seconds:g} s")
    return msgspec.convert(found["dump"], Dump)


def opened(case: dict[str, object]) -> Case:
    """Return the case of this process, and set the switch interval of its profile, as `actorbus run` does."""
    found = msgspec.convert(case, Case)
    sys.setswitchinterval(switch_interval_s(found.profile))
    return found


def ask(case: dict[str, object], place: str, seconds: float) -> dict[str, object]:
    """Ask. One process."""
    words, found = Words.of(place), opened(case)
    words.wait(READY, 1)
    try:
        made: Latencies = peers.ability(found.system, "ping")(found, words, PING_WARM_S, seconds)
        return {"dump": made.dump()}
    finally:
        words[TURN] = STOP


def answer(case: dict[str, object], place: str) -> dict[str, object]:
    """Answer. The other process."""
    found = opened(case)
    peers.ability(found.system, "pong")(found, Words.of(place))
    return {}


def ask_alone(case: dict[str, object], place: str, seconds: float) -> dict[str, object]:
    """Ask and answer. The only process."""
    found = opened(case)
    made: Latencies = peers.ability(found.system, "alone")(found, Words.of(place), PING_WARM_S, seconds)
    return {"dump": made.dump()}
