"""`memory`, `idle`, `soak`: what a node takes, at rest and after many messages.

Memory is RssAnon + RssFile; shared memory (Aeron's terms) is told apart, since it is the channel's own choice.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

import actorbus as ab
from actorbus.bench import rig, topologies
from actorbus.bench.case import Case
from actorbus.bench.floor import SEQUENCE_AT
from actorbus.bench.peers.pyaeron_raw import NativeSource
from actorbus.bench.record import Result, figure
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.side import ready
from actorbus.bench.words import AT, READY, STOP, TURN, Words
from actorbus.bench.work import FILL_ID, QUOTE_ID, Ping, Sink, framed, last_made, typed_bodies
from actorbus.topology.node import Node

__all__ = ["alone", "feed", "run", "soak", "state"]

FURTHER = 20
IDLE_S = 5.0
SOAK_BATCH = 0.25


def run(session: Session) -> list[Result]:
    """Measure the scenario of the session's name."""
    if not session.can("actorbus"):
        return []
    if session.name == "soak":
        return _soak(session)
    runs, results = session.effort.runs, list[Result]()
    here = "actorbus.bench.scenarios.footprint"
    seconds = 1.0 if session.effort.quick else IDLE_S
    found: dict[int, list[dict[str, float]]] = {}
    for streams in (1, 1 + FURTHER) if session.name == "memory" else (1,):
        for number in range(runs):
            answer = session.attempt(
                f"{session.name}, {streams} streams, run {number + 1}",
                lambda n=streams: rig.run(rig.Side(f"{here}:alone", {"streams": n, "seconds": seconds})),
            )
            if answer:
                found.setdefault(streams, []).append(msgspec.convert(answer[0], dict[str, float]))
    one = found.get(1, [])
    if session.name == "idle":
        shares = [each["share"] * 100 for each in one]
        return [figure("actorbus", "percent_of_core", shares, "laptop profile, driver embedded")]
    own = [each["RssAnon"] + each["RssFile"] for each in one]
    results.append(figure("actorbus", "MB", own, "one publisher, one subscriber, driver embedded"))
    results.append(figure("actorbus", "MB", [each["RssShmem"] for each in one], "shared memory of the same"))
    results.append(figure("actorbus", "MB", [each["bare"] for each in one], "of it: interpreter and imports"))
    more = [each["RssAnon"] + each["RssFile"] for each in found.get(1 + FURTHER, [])]
    further = [(many - base) / FURTHER for many, base in zip(more, own, strict=False)]
    results.append(figure("actorbus", "MB", further, "a further stream, published to and handled"))
    return results


def state(folder: str = "") -> dict[str, float]:
    """Return what this process holds: MB by kind, descriptors, threads, mappings; bytes below a driver's folder."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    found = {name: int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile", "RssShmem")}
    shared = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) if folder else 0
    return {
        **found,
        "threads": float(lines["Threads"]),
        "fds": float(len(list(Path("/proc/self/fd").iterdir()))),
        "mappings": float(len(Path("/proc/self/maps").read_text(encoding="utf-8").splitlines())),
        "shared_bytes": float(shared),
    }


def alone(streams: int, seconds: float) -> dict[str, float]:
    """Run one node with its embedded driver: publish a little, then nothing. A process of its own."""
    before = state()
    names = [f"s{number}" for number in range(streams)]
    node = Node.from_dict(
        {
            "version": 1,
            "name": "bench-alone",
            "streams": {name: {"stream_id": 1 + n, "messages": [Ping]} for n, name in enumerate(names)},
            "handlers": {name: {"stream": name, "class": _Quiet} for name in names},
        }
    )
    with node:
        for name in names:
            publish = node.publisher(name).publish
            for number in range(2000 // streams):
                publish(Ping(number, "x"))
        time.sleep(1.0)
        after = state()
        used, began = time.process_time(), time.perf_counter()
        time.sleep(seconds)
        share = (time.process_time() - used) / (time.perf_counter() - began)
    return {**after, "share": share, "bare": before["RssAnon"] + before["RssFile"]}


class _Quiet(ab.Handler):
    """Takes and forgets."""

    @ab.on(Ping)
    def ping(self, m: Ping) -> None:
        """Do nothing."""


# ---- soak ------------------------------------------------------------------------------------------------------------


def _soak(session: Session) -> list[Result]:
    writer, reader = rig.two_cpus()
    messages, here = session.effort.soak_messages, "actorbus.bench.scenarios.footprint"

    def measure() -> list[dict[str, object]]:
        with rig.driver() as directory, rig.place() as place:
            Words.make(place)
            case = msgspec.to_builtins(Case(system="actorbus", lane=0, directory=directory, place=place))
            common = {"case": case, "place": place}
            return rig.run(
                rig.Side(f"{here}:feed", common, writer),
                rig.Side(f"{here}:soak", {**common, "messages": messages}, reader),
                within_s=120 + messages / 100_000,
            )

    answers = session.attempt(f"soak, {messages:,} messages", measure)
    if answers is None:
        return []
    early, late = (msgspec.convert(answers[1][name], dict[str, float]) for name in ("early", "late"))
    handled = msgspec.convert(answers[1]["handled"], float)
    grown = (late["RssAnon"] + late["RssFile"] - early["RssAnon"] - early["RssFile"]) * 1e7 / max(handled * 0.9, 1)
    results = [
        figure("actorbus", "messages", [handled], "handled"),
        figure("actorbus", "MB", [grown], "grown per 10^7 messages after the first tenth"),
        figure("actorbus", "messages", [msgspec.convert(answers[1]["missing"], float)], "missing"),
    ]
    results += [
        figure("actorbus", name, [late[name] - early[name]], "difference from 10 % to 100 %")
        for name in ("fds", "threads", "mappings", "shared_bytes")
    ]
    return results


def feed(case: dict[str, object], place: str) -> dict[str, object]:
    """Flood until told to stop. The writer's process."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    words.wait(READY, 1)
    ids = (QUOTE_ID, QUOTE_ID, QUOTE_ID, FILL_ID)
    frames = [framed(body, type_id=ids[n % 4], sequence=0) for n, body in enumerate(typed_bodies())]
    source = NativeSource(found, frames, numbered_at=SEQUENCE_AT)
    words[AT] = 1
    sent = source.flood(words, 0)
    source.close()
    return {"sent": sent}


def soak(case: dict[str, object], place: str, messages: int) -> dict[str, object]:
    """Handle so many, look at a tenth and at the end. The reader's process."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    node = Node.from_dict(topologies.reader(found))
    with node:
        sink = last_made()
        assert isinstance(sink, Sink)
        ready(words)
        looks: list[dict[str, float]] = []
        for target in (messages // 10, messages):
            while sink.count < target:
                time.sleep(SOAK_BATCH / 10)
            looks.append(state(found.directory))
        words[TURN] = STOP
        handled, missing = sink.count, sum(stream.missing for stream in node.stats().streams.values())
    return {"early": looks[0], "late": looks[1], "handled": handled, "missing": missing}
