"""One round of a recorder: a native flood, a live subscriber, and a node that records; written is what counts.

    writer's process       floods while TURN is odd, and yields when it is held back, as the Java Archive's publisher
                           does; then SENT says how much went out in all, AT that it has stopped
    recorder's process     a node with `recorders:`; sees by a reader of the journal how much is written
    subscriber's process   counts natively, half of the time asleep, so that it leaves the cores to the others

A round begins with the first message of its turn and ends when every message of it is written, as a reader sees it (in
mode durable all but the last group is then synced). A turn before it warms: the terms are touched, the connections are
there. The recorder has a core of its own, as the Archive's thread has in its rounds; everything else shares the other.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from actorbus.bench import rig
from actorbus.bench.case import Case
from actorbus.bench.floor import SEQUENCE_AT, slow_disk, slow_sync_ms
from actorbus.bench.peers.native_floor import NativeSource, ReadingSink, frames_of
from actorbus.bench.side import ready
from actorbus.bench.words import AT, READY, STOP, TURN, Words
from actorbus.bench.work import framed as with_frame
from actorbus.errors import BrokenError
from actorbus.ffi.journal_reader import END, JournalReaderHandle
from actorbus.limits import TYPE_ID_RAW
from actorbus.topology.node import Node

__all__ = ["SENT", "Taped", "flood", "listen", "measure", "topology", "write"]

SENT: Final = 40
"""The word where the writer says how many messages it sent in all."""
LISTENS, RECORDS, WRITES = 0, 1, 2
"""Sides of READY."""
WARM_S = 0.3
NAP_S = 0.0005
LOOK_S = 0.001
PATIENCE_S = 60.0
HERE = "actorbus.bench.taping"


class Taped(msgspec.Struct, frozen=True):
    """What one round did."""

    messages: int
    seconds: float
    heard: int = 0
    """Messages that the live subscriber took over both turns."""
    cpu_s: float = 0.0
    """CPU time of the recorder's process, by which the round's cost is told whoever else had the cores."""
    sync_ms: float = 0.0
    """What a fdatasync took that was told how long to take."""

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


def measure(
    case: Case,
    *,
    seconds: float,
    folder: Path | None,
    sync: str = "none",
    messages: int = 0,
    framed: bool = True,
    sync_s: float = 0.0,
) -> Taped:
    """Measure one round in processes of its own.

    Args:
        case: size of the bodies, and the channel.
        seconds: of the counted turn.
        folder: the file system to record on, a new folder is made there and removed; None: the same without a recorder.
        sync: the recorder's mode.
        messages: of the counted turn, about so many by the rate of the turn that warms, in place of `seconds`; 0: not.
        framed: our frame is in front of the bodies.
        sync_s: what a fdatasync takes instead of asking this disk; 0: what it does take.

    Raises:
        BrokenError: a process failed, or what was recorded is not what was sent.
    """
    others, recorder = rig.two_cpus()
    with contextlib.ExitStack() as ends:
        with rig.born_on(others):
            directory = ends.enter_context(rig.driver())
        place = ends.enter_context(rig.place())
        Words.make(place)
        common = {
            "case": msgspec.to_builtins(msgspec.structs.replace(case, directory=directory, place=place)),
            "place": place,
        }
        flooding = {**common, "framed": framed}
        sides = [
            rig.Side(f"{HERE}:flood", flooding, others),
            rig.Side(f"{HERE}:listen", {**common, "seconds": seconds}, others),
        ]
        if folder is None:
            sides[1] = rig.Side(f"{HERE}:listen", {**common, "seconds": seconds, "leads": True}, recorder)
            answers = rig.run(*sides, within_s=seconds + 120)
            return msgspec.convert(answers[1], Taped)
        tape = Path(tempfile.mkdtemp(prefix="actorbus-bench-tape-", dir=folder))
        try:
            recording = {
                **flooding,
                "folder": str(tape / "tape"),
                "seconds": seconds,
                "sync": sync,
                "messages": messages,
                "sync_s": sync_s,
            }
            answers = rig.run(*sides, rig.Side(f"{HERE}:write", recording, recorder), within_s=seconds + 120)
        finally:
            shutil.rmtree(tape, ignore_errors=True)
        heard = msgspec.convert(answers[1], Taped).heard
        return msgspec.structs.replace(msgspec.convert(answers[2], Taped), heard=heard)


def topology(case: Case, folder: str, sync: str, *, framed: bool = True) -> dict[str, object]:
    """Return the node that records."""
    frame = {} if framed else {"frame": "none"}
    stream = {"channel": case.channel, "stream_id": case.stream_id, "codec": {"format": "raw"}, **frame}
    return {
        "version": 1,
        "name": "bench-tape",
        "profile": case.profile,
        "driver": {"mode": "external", "directory": case.directory},
        "observability": {"log": {"level": "error"}},
        "streams": {"main": stream},
        "recorders": {"tape": {"streams": ["main"], "directory": folder, "sync": sync}},
    }


# ---- the sides ------------------------------------------------------------------------------------------------------


def flood(case: dict[str, object], place: str, *, framed: bool) -> dict[str, object]:
    """Send while the turn is odd. The writer's process."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    bodies = frames_of(found)
    if framed:
        bodies = [with_frame(body, type_id=TYPE_ID_RAW, sequence=0, format_id=0) for body in bodies]
    source = NativeSource(found, bodies, numbered_at=SEQUENCE_AT if framed else 0, yields=True)
    ready(words, WRITES)
    sent, done = 0, 0
    while (turn := words[TURN]) != STOP:
        if turn % 2 and turn != done:
            sent += source.flood(words, turn)
            words[SENT] = sent
            words[AT] = done = turn
        else:
            time.sleep(LOOK_S)
    source.close()
    return {"sent": sent}


def listen(case: dict[str, object], place: str, seconds: float, *, leads: bool = False) -> dict[str, object]:
    """Count. The live subscriber's process; `leads`: there is no recorder, the turns are its own."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    sink = ReadingSink(found, words)
    ready(words, LISTENS)
    messages, spent = 0, 0.0
    if leads:
        words.wait(READY + WRITES, 1)
        for turn, turn_s in ((1, WARM_S), (3, seconds)):
            before, began = sink.count, time.perf_counter()
            words[TURN] = turn
            until = began + turn_s
            while time.perf_counter() < until:
                _hear(sink)
            words[TURN] = turn + 1
            while words[AT] != turn or sink.count < words[SENT]:
                _hear(sink)
            messages, spent = sink.count - before, time.perf_counter() - began
        words[TURN] = STOP
    while words[TURN] != STOP:
        _hear(sink)
    sink.take(LOOK_S)
    heard = sink.count
    sink.close()
    return msgspec.to_builtins(Taped(messages, spent, heard))


def _hear(sink: ReadingSink) -> None:
    sink.take(NAP_S)
    time.sleep(NAP_S)


def write(
    case: dict[str, object],
    place: str,
    folder: str,
    seconds: float,
    sync: str,
    *,
    messages: int,
    framed: bool,
    sync_s: float,
) -> dict[str, object]:
    """Record, and lead the turns. The recorder's process.

    Raises:
        BrokenError: the recorder left something out.
    """
    words, found = Words.of(place), msgspec.convert(case, Case)
    node = Node.from_dict(topology(found, folder, sync, framed=framed))
    with slow_disk(sync_s) if sync_s else contextlib.nullcontext(), node:
        ready(words, RECORDS)
        words.wait(READY + LISTENS, 1)
        words.wait(READY + WRITES, 1)
        reader = JournalReaderHandle.open(folder)
        base, spent, used = 0, 0.0, 0.0
        for turn in (1, 3):
            base, began, used = words[SENT], time.perf_counter(), time.process_time()
            words[TURN] = turn
            time.sleep(WARM_S if turn == 1 else seconds)
            words[TURN] = turn + 1
            words.wait(AT, turn)
            _until_written(reader, words[SENT])
            spent, used = time.perf_counter() - began, time.process_time() - used
            seconds = messages * spent / (words[SENT] - base) if messages else seconds
        reader.close()
        words[TURN] = STOP
        sent = words[SENT]
    kept = node.stats().recorders["tape"]
    if kept.records != sent or kept.shed:
        raise BrokenError(f"{kept.records:,} of {sent:,} messages were recorded", why=f"{kept.shed:,} left out")
    return msgspec.to_builtins(Taped(sent - base, spent, cpu_s=used, sync_ms=slow_sync_ms() if sync_s else 0.0))


def _until_written(reader: JournalReaderHandle, sequence: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        reader.seek(END)
        if (there := reader.state().sequence) >= sequence:
            return
        if time.monotonic() > deadline:
            raise BrokenError(f"{there:,} of {sequence:,} messages are written", why=f"after {PATIENCE_S:g} s")
        time.sleep(LOOK_S)
