"""`memory`, `idle`: what a node takes at rest, beside what others take that do as much: one publisher, one subscriber.

Memory is RssAnon + RssFile; shared memory (Aeron's terms) is told apart, since it is the channel's own choice. Systems
on Aeron have their media driver in the process. At rest nobody sends, and who receives waits as its users do.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from actorbus.bench import peers, rig
from actorbus.bench.case import Case
from actorbus.bench.record import figure
from actorbus.bench.scenarios.registry import Session

__all__ = ["alone", "mappings", "run", "state"]

FURTHER = 20
IDLE_S = 5.0
HERE = "actorbus.bench.scenarios.footprint"
PAIR = "one publisher, one subscriber, driver embedded"


def run(session: Session) -> None:
    """Measure the scenario of the session's name."""
    effort = session.effort
    wanted = peers.PEERS if effort.full else ("actorbus",) if effort.judged else ("actorbus", "pyzmq")
    systems = [name for name in wanted if peers.can(name, "at_rest") and session.can(name)]
    seconds = 0.0 if session.name == "memory" else 1.0 if effort.quick else IDLE_S
    found = {system: _runs(session, Case(system=system), seconds) for system in systems}
    for system, runs in found.items():
        asked, ran = effort.forks, peers.ran(Case(system=system), "rest")
        if session.name == "idle":
            shares = [each["share"] * 100 for each in runs]
            note = "laptop profile" if system == "actorbus" else ""
            session.keep(
                figure, system, "percent_of_core", shares, asked=asked, case="no traffic, driver embedded", note=note,
                ran=ran,
            )  # fmt: skip
            continue
        own = [each["RssAnon"] + each["RssFile"] for each in runs]
        session.keep(figure, system, "MB", own, asked=asked, case=PAIR, ran=ran)
        session.keep(
            figure, system, "MB", [each["RssShmem"] for each in runs], asked=asked, case="shared memory of the same"
        )
        bare = [each["bare"] for each in runs]
        session.keep(figure, system, "MB", bare, asked=asked, case="of it: interpreter and the bench itself")
    if session.name == "memory" and "actorbus" in found:
        more = _runs(session, Case(system="actorbus", streams=1 + FURTHER), 0.0)
        own = [each["RssAnon"] + each["RssFile"] for each in found["actorbus"]]
        further = [(each["RssAnon"] + each["RssFile"] - one) / FURTHER for each, one in zip(more, own, strict=False)]
        session.keep(
            figure, "actorbus", "MB", further, asked=effort.forks, case="a further stream, published to and handled"
        )


def _runs(session: Session, case: Case, seconds: float) -> list[dict[str, float]]:
    """Look at so many processes."""
    found: list[dict[str, float]] = []
    for fork in range(session.effort.forks):
        what = f"{session.name}, {case.label}, {case.streams} streams, run {fork + 1} of {session.effort.forks}"
        answer = session.attempt(what, lambda: _look(case, seconds))
        if answer is not None:
            found.append(answer)
    return found


def _look(case: Case, seconds: float) -> dict[str, float]:
    with rig.place() as place:
        placed = msgspec.to_builtins(msgspec.structs.replace(case, place=place))
        answer = rig.run(rig.Side(f"{HERE}:alone", {"case": placed, "seconds": seconds}))[0]
    return msgspec.convert(answer, dict[str, float])


def state(pid: int | str = "self", folder: str = "") -> dict[str, float]:
    """Return what a process holds: MB by kind, descriptors, threads, mappings; bytes below a driver's folder.

    `files`: mappings that name a file (terms, counters, journals, libraries). `anonymous`: all others, an allocator's
    and stacks; when one comes, goes or is joined to its neighbour is the allocator's and the kernel's choice.
    """
    process = Path(f"/proc/{pid}")
    lines = dict(line.split(":", 1) for line in (process / "status").read_text(encoding="utf-8").splitlines())
    found = {name: int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile", "RssShmem")}
    shared = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) if folder else 0
    return {
        **found,
        "threads": float(lines["Threads"]),
        "fds": float(len(list((process / "fd").iterdir()))),
        **mappings((process / "maps").read_text(encoding="utf-8")),
        "shared_bytes": float(shared),
    }


def mappings(text: str) -> dict[str, float]:
    """Return how many lines of /proc/PID/maps name a file, and how many do not."""
    names = [fields[5] if len(fields := line.split(maxsplit=5)) > 5 else "" for line in text.splitlines()]
    files = sum(name.startswith("/") for name in names)
    return {"files": float(files), "anonymous": float(len(names) - files)}


def alone(case: dict[str, object], seconds: float) -> dict[str, float]:
    """Hold an open pair: send a little, then nothing. A process of its own."""
    before, found = state(), msgspec.convert(case, Case)
    with peers.ability(found.system, "at_rest")(found):
        time.sleep(1.0)
        after = state()
        used, began = time.process_time(), time.perf_counter()
        time.sleep(seconds)
        share = (time.process_time() - used) / max(time.perf_counter() - began, 1e-9)
    return {**after, "share": share, "bare": before["RssAnon"] + before["RssFile"]}
