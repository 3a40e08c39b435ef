"""`latency`: round trips of every system, one way under load for typed ones, on IPC and UDP loopback."""

from __future__ import annotations

import socket

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.peers import PEERS
from actorbus.bench.record import Result, percentiles
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.trips import one_way, round_trip

__all__ = ["run"]

IPC = "aeron:ipc?term-length=16m"
RATE = 10_000
ON_AERON = ("actorbus", "floor", "pyaeron", "pyaeron+msgspec")


def udp_channel() -> str:
    """Return a channel over loopback on a port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"aeron:udp?endpoint=127.0.0.1:{probe.getsockname()[1]}|term-length=1m"


def run(session: Session) -> list[Result]:
    """Measure; systems take turns run by run."""
    effort, results = session.effort, list[Result]()
    systems = [name for name in PEERS if session.can(name)]
    found: dict[tuple[str, str, str], list[dict[str, int]]] = {}
    for number in range(effort.runs):
        for system in systems:
            case = Case(system=system, lane=0, directory="", place="", channel=IPC)
            curve = session.attempt(
                f"round trip, {system}, run {number + 1}", lambda c=case: round_trip(c, seconds=effort.seconds)
            )
            found.setdefault(("round_trip_ns", "ipc", system), []).append(curve or {})
            if system not in ON_AERON:
                continue
            if not effort.quick:
                shared = msgspec.structs.replace(case, pinned=False)
                curve = session.attempt(
                    f"round trip without cores of their own, {system}, run {number + 1}",
                    lambda c=shared: round_trip(c, seconds=effort.seconds),
                )
                found.setdefault(("round_trip_ns", "ipc, cores shared", system), []).append(curve or {})
            if not effort.quick and system != "floor":
                over_udp = Case(system=system, lane=0, directory="", place="", channel=udp_channel())
                # Two UDP channels: there and back are told apart by their stream ids on one port.
                curve = session.attempt(
                    f"round trip over UDP, {system}, run {number + 1}",
                    lambda c=over_udp: round_trip(c, seconds=effort.seconds),
                )
                found.setdefault(("round_trip_ns", "udp loopback", system), []).append(curve or {})
            if system in ("actorbus", "pyaeron+msgspec"):
                for label, channel in (("ipc", IPC), ("udp loopback", udp_channel())):
                    ticks = Case(system=system, lane=0, directory="", place="", channel=channel)
                    curve = session.attempt(
                        f"one way over {label}, {system}, run {number + 1}",
                        lambda c=ticks: one_way(c, seconds=effort.seconds, rate=RATE),
                    )
                    found.setdefault(("one_way_ns", f"{label}, {RATE:,} a second", system), []).append(curve or {})
    for (metric, label, system), curves in found.items():
        if any(curves):
            results.append(percentiles(system, metric, curves, label))
    return results
