"""`latency`: round trips of every system. `one-way`: ticks at fixed rates. On IPC and UDP loopback, with cores of their
own and without, as far as this machine has them.

ipc                        asker and answerer on a core each; the driver spins on a third, or parks where there is none
ipc, cores shared          the kernel places everybody
udp loopback               as ipc; the driver is on the way of every message, so this wants three cores
udp loopback, one process  asker and answerer share one core and one process, the driver spins on the other; systems
                           that wait in the kernel stand beside it with loopback TCP and two processes
udp loopback, cores shared the kernel places everybody: on two cores this measures its scheduler
one process                nothing crosses to another: an actor is asked

actorbus asks from a handler on a poller that spins, as a hand-written loop does; profiles as they are stand beside it:
`low-latency`, which spins by itself, and `laptop`, the default, which does not.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from actorbus.bench import peers, rig
from actorbus.bench.case import Case
from actorbus.bench.record import percentiles
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.ticks import one_way
from actorbus.bench.trips import round_trip
from actorbus.bench.words import Dump

__all__ = ["RATES", "UDP_ALONE", "run", "udp_channel"]

RATES = (1_000, 10_000, 100_000)
HELD_RATE = 10_000
ON_AERON = ("actorbus", "floor", "pyaeron", "pyaeron+msgspec")
SOCKETS = ("pyzmq", "multiprocessing", "pynng", "eclipse-zenoh")
PROFILES = ("low-latency", "laptop")
UDP_ALONE = "udp loopback, one process"
TCP = "loopback TCP, two processes"
THREE = "wants three cores, one of them the driver's, and there are {cores}"


class Row(NamedTuple):
    """One system in one case."""

    label: str
    case: Case
    alone: bool = False
    note: str = ""


def udp_channel() -> str:
    """Return a channel over loopback on a port that is free now. Both ways are on it, told apart by stream ids."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"aeron:udp?endpoint=127.0.0.1:{probe.getsockname()[1]}|term-length=1m"


def run(session: Session) -> None:
    """Measure the scenario of the session's name; systems take turns run by run."""
    cores = len(rig.cores())
    if cores < 3:
        session.warnings.append(f"udp loopback, a process a side with cores of their own: {THREE.format(cores=cores)}")
        session.warnings.append(f"on {cores} cores the driver shares them: percentiles above p50 are also the kernel's")
    if session.name == "latency":
        _measure(session, list(_trips(session, cores)), "round_trip_ns", "trips", _trip)
    else:
        for rate in (HELD_RATE,) if session.effort.kind != "full" else RATES:
            rows = [row._replace(label=f"{row.label}, {rate:,} a second") for row in _ticks(session, cores)]
            _measure(session, rows, "one_way_ns", "ticks", lambda row, seconds, rate=rate: _tick(row, seconds, rate))


def _trip(row: Row, seconds: float) -> tuple[Dump, int]:
    return round_trip(row.case, seconds=seconds, alone=row.alone), 0


def _tick(row: Row, seconds: float, rate: int) -> tuple[Dump, int]:
    return one_way(row.case, seconds=seconds, rate=rate)


def _measure(
    session: Session, rows: list[Row], metric: str, way: str, measure: Callable[[Row, float], tuple[Dump, int]]
) -> None:
    """Measure every row once in each fork, in turns, and keep what was recorded."""
    effort, found = session.effort, dict[int, list[tuple[Dump, int]]]()
    for fork in range(effort.forks):
        for number, row in enumerate(rows):
            if row.case.system in session.skipped:
                continue
            what = f"{row.label}, {row.case.label}, run {fork + 1} of {effort.forks}"
            answer = session.attempt(what, lambda row=row: measure(row, effort.seconds))
            if answer is not None:
                found.setdefault(number, []).append(answer)
            elif " ended by SIG" in session.skipped[what] and row.case.system not in peers.MUST:
                session.used.pop(row.case.system, None)
                session.lacks(row.case.system, session.skipped.pop(what))
    for number, row in enumerate(rows):
        there = found.get(number, [])
        if there or row.case.system in peers.MUST:
            lost = {"lost": sum(each for _, each in there)} if metric == "one_way_ns" else {}
            session.keep(
                percentiles, row.case.label, metric, [dump for dump, _ in there], asked=effort.forks, case=row.label,
                note=row.note, ran=peers.ran(row.case, "alone" if row.alone else way), **lost,
            )  # fmt: skip


def _profiles(case: Case) -> Iterator[Case]:
    """Yield ours with the pollers of each profile as they are."""
    for profile in PROFILES:
        yield msgspec.structs.replace(case, profile=profile, as_it_is=True, labelled=f"actorbus, profile {profile}")


def _trips(session: Session, cores: int) -> Iterator[Row]:
    """Yield the rows of round trips."""
    kind = session.effort.kind
    if kind == "hold":
        yield from (Row("ipc", Case(system=name)) for name in ("actorbus", "floor", "pyaeron") if session.can(name))
        return
    for system in (name for name in peers.PEERS if session.can(name)):
        case = Case(system=system)
        if peers.can(system, "ping"):
            ours = list(_profiles(case)) if system == "actorbus" and kind == "full" else []
            yield Row("ipc", case)
            yield from (Row("ipc", each) for each in ours)
            if kind == "full":
                shared = [msgspec.structs.replace(each, pinned=False) for each in (case, *ours)]
                yield from (Row("ipc, cores shared", each) for each in shared)
        if system in ON_AERON:
            yield from _udp_trips(case, cores, full=kind == "full")
        elif system in SOCKETS and kind == "full":
            tcp = msgspec.structs.replace(case, tcp=True)
            yield Row(UDP_ALONE, tcp, note=TCP)
            yield Row("udp loopback, cores shared", msgspec.structs.replace(tcp, pinned=False), note=TCP)
        elif peers.can(system, "alone") and not peers.can(system, "ping"):
            yield Row("one process", case, alone=True)


def _udp_trips(case: Case, cores: int, *, full: bool) -> Iterator[Row]:
    """Yield the rows of round trips over UDP of a system on Aeron."""
    over = [case, *(_profiles(case) if case.system == "actorbus" and full else ())]
    for each in over:
        udp = msgspec.structs.replace(each, channel=udp_channel())
        if cores >= 3:
            yield Row("udp loopback", udp)
        yield Row(UDP_ALONE, udp, alone=True)
        if full:
            yield Row("udp loopback, cores shared", msgspec.structs.replace(udp, pinned=False))


def _ticks(session: Session, cores: int) -> Iterator[Row]:
    """Yield the rows of one way."""
    for system in ("actorbus",) if session.effort.judged else peers.PEERS:
        sends = peers.can(system, "sender") or peers.can(system, "tick")
        if system == "pyaeron" or not sends or not session.can(system):
            continue  # of bytes alone: pyaeron+msgspec is the same with a tick in them
        case = Case(system=system, form="ticks")
        yield Row("ipc", case)
        if session.effort.full:
            yield Row("ipc, cores shared", msgspec.structs.replace(case, pinned=False))
            if system in ON_AERON:
                udp = msgspec.structs.replace(case, channel=udp_channel())
                if cores >= 3:
                    yield Row("udp loopback", udp)
                yield Row("udp loopback, cores shared", msgspec.structs.replace(udp, pinned=False))
