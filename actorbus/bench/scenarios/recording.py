"""`record`: what a recorder and its journal do, beside the Java Archive on the same file system, round by round.

recorder   messages of 100 bytes, as Aeron carries them, to a live subscriber and a recorder, sync none: until all is
           written; the same stream without the recorder; the Java Archive with as many of the same size and the same
           live subscriber. Who records has a core alone, all else shares the other. Then bodies of 100 bytes behind our
           frame
checksum   ours is part of the format and cannot be switched off, the Archive's is off by default: beside it with its
           own CRC32C; and beside it without, ours with the time of its checksums, measured by itself, taken off
durable    256-byte bodies, sync durable, on this disk, whose fdatasync stands beside it; and on the same files with a
           fdatasync that takes 1 ms instead of asking the disk (native/ab_floor.h)
open       a journal whose writer was killed, its last segment full of small records; from the page cache and from disk
verify     1 GiB of 100-byte records in the page cache; the same files past the page cache beside it

Everything is written below the folder that TMPDIR names, and removed.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from actorbus.bench import crashed, rig, taping
from actorbus.bench.case import Case
from actorbus.bench.floor import checksum_ns
from actorbus.bench.peers import java_archive
from actorbus.bench.record import figure
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.words import READY, STOP, TURN, Words
from actorbus.ffi.journal import NONE, JournalHandle
from actorbus.journal.native_tools import verify_journal

__all__ = ["run"]

BODY, DURABLE_BODY, FRAME = 100, 256, 32
BARE = "without the recorder"
FRAMED = f"behind our frame: {BODY + FRAME} B"
JAVA = "java-archive"
JAVA_MESSAGES = 5_000_000
JAVA_WARM = 3
"""Rounds of a JVM that do not count."""
TAPE = f"{BODY} B beside a live subscriber"
GROUP = f"durable, {DURABLE_BODY} B"
GIB = 1 << 30
SUMS = 2_000_000
HERE, AT_1_MS = "this disk", "a fdatasync of 1 ms"
RAN = ("actorbus.bench.taping:flood", "actorbus.bench.taping:topology", "actorbus.bench.taping:write",
       "actorbus.bench.taping:listen")  # fmt: skip
RAN_JAVA = ("actorbus.bench.peers.java_archive:JavaArchive", "actorbus.bench.taping:listen")
EMPTY = Case(system="actorbus", lane=0, directory="", place="", size=BODY)


def run(session: Session) -> None:
    """Measure."""
    if not session.can("actorbus"):
        return
    with tempfile.TemporaryDirectory(prefix="actorbus-bench-") as made:
        folder = Path(made)
        _recorder(session, folder)
        _durable(session, folder)
        _opened(session, folder)
        _verified(session, folder)


# ---- recorder -------------------------------------------------------------------------------------------------------


def _recorder(session: Session, folder: Path) -> None:
    """Take rounds: ours, ours without the recorder, the Java Archive."""
    effort = session.effort
    many = effort.forks if effort.judged else effort.rounds // 5  # a round takes 40 s: two JVMs, warmed
    seconds, rounds = (0.3, 1) if effort.quick else (effort.seconds, max(3, many))
    count = JAVA_MESSAGES // 10 if effort.quick else JAVA_MESSAGES
    ours, bare, cpu, behind = list[float](), list[float](), list[float](), list[float]()
    theirs, summed = list[float](), list[float]()
    java = session.can(JAVA)
    for number in range(rounds):
        words = f"record, round {number + 1} of {rounds}"
        taped = session.attempt(words, lambda: _taped(folder, count, framed=False, warm=not effort.quick))
        alone = session.attempt(f"{words}, {BARE}", lambda: _bare(seconds))
        frame = session.attempt(f"{words}, {FRAMED}", lambda: _taped(folder, count, framed=True, warm=not effort.quick))
        peers = [_peer(session, words, folder, checksum=each) for each in (False, True)] if java else []
        if taped is None or alone is None or frame is None or None in peers:
            continue  # why is noted; the figures say of how many rounds they are
        ours.append(taped.rate)
        bare.append(alone.rate)
        behind.append(frame.rate)
        cpu.append(taped.cpu_s * 1e9 / taped.messages)
        for rates, rate in zip((theirs, summed), peers, strict=False):
            rates.append(rate or 0.0)
    sums = [checksum_ns(BODY, SUMS) for _ in range(3)]

    def keep(system: str, metric: str, values: Sequence[float], note: str, **more: object) -> None:
        session.keep(figure, system, metric, values, asked=rounds, case=TAPE, note=note, **more)

    keep("actorbus", "msgs_per_s", ours, "recorded, written", ran=RAN)
    keep("actorbus", "msgs_per_s", bare, BARE)
    keep("actorbus", "ratio", [a / b for a, b in zip(ours, bare, strict=True)], "", against=f"the same {BARE}")
    keep("actorbus", "msgs_per_s", behind, FRAMED)
    keep("actorbus", "message_ns", cpu, "CPU time of the recorder's process")
    keep("actorbus", "message_ns", sums, "of it: checksums, measured by themselves")
    if not java:
        return
    less = statistics.median(sums) / 1e9
    without = [1 / (1 / rate - less) if 1 / rate > less else rate for rate in ours]
    keep(JAVA, "msgs_per_s", theirs, "no checksum", ran=RAN_JAVA)
    keep(JAVA, "msgs_per_s", summed, "CRC32C, as ours", ran=RAN_JAVA)
    keep("actorbus", "ratio", [a / b for a, b in zip(ours, theirs, strict=True)], "", against=JAVA)
    crc = [a / b for a, b in zip(ours, summed, strict=True)]
    keep("actorbus", "ratio", crc, "", against=f"{JAVA} with CRC32C, as ours")
    keep(
        "actorbus", "ratio", [a / b for a, b in zip(without, theirs, strict=True)], "checksums' time taken off ours",
        against=f"{JAVA}, checksums of neither",
    )  # fmt: skip


def _taped(folder: Path, messages: int, *, framed: bool, warm: bool) -> taping.Taped:
    """Measure a round behind one that does not count, as the Archive's are.

    What that one's removal leaves is memory the machine has: a page that a virtual machine must first get from its
    host makes a write of the kernel six times as long.
    """
    if warm:
        _ = taping.measure(EMPTY, seconds=0.0, folder=folder, messages=messages, framed=framed)
    return taping.measure(EMPTY, seconds=0.0, folder=folder, messages=messages, framed=framed)


def _bare(seconds: float) -> taping.Taped:
    return taping.measure(EMPTY, seconds=seconds, folder=None, framed=False)


def _peer(session: Session, words: str, folder: Path, *, checksum: bool) -> float | None:
    quick = session.effort.quick
    what = f"{words}, {JAVA}{' with CRC32C' if checksum else ''}"
    return session.attempt(what, lambda: _java(folder, quick=quick, checksum=checksum))


def _java(folder: Path, *, quick: bool, checksum: bool) -> float:
    """Warm a JVM of its own, then record a round with our live subscriber listening; messages a second.

    Of its own: one that waits for its next round takes a third of a core meanwhile, which ours would lack.
    """
    others, recorder = rig.two_cpus()
    with rig.place() as place:
        driver = Path(place) / "java"
        messages = JAVA_MESSAGES // 10 if quick else JAVA_MESSAGES
        with java_archive.JavaArchive(
            folder / "java", messages=messages, size=BODY, driver=driver, checksum=checksum
        ) as archive:
            for _ in range(JAVA_WARM):
                archive.record()
                archive.pin(recorder, others)
            return _listened(driver, archive.record)


def _listened(driver: Path, record: Callable[[], float]) -> float:
    """Record a round of the peer's while a live subscriber of ours counts its stream."""
    case = msgspec.structs.replace(EMPTY, channel=java_archive.CHANNEL, directory=str(driver))
    with rig.place() as place:
        words = Words.make(place)
        common = {"case": msgspec.to_builtins(case), "place": place}
        side = rig.Side("actorbus.bench.taping:listen", {**common, "seconds": 0.0}, rig.two_cpus()[0])
        with ThreadPoolExecutor(1) as pool:
            listening = pool.submit(rig.run, side)
            try:
                while words[READY + taping.LISTENS] != 1 and not listening.done():
                    time.sleep(taping.LOOK_S)
                if listening.done():
                    listening.result()
                return record()
            finally:
                words[TURN] = STOP


# ---- group commit ---------------------------------------------------------------------------------------------------


def _durable(session: Session, folder: Path) -> None:
    effort = session.effort
    seconds, rounds = (0.3, 1) if effort.quick else (effort.seconds, max(3, effort.forks))
    case = msgspec.structs.replace(EMPTY, size=DURABLE_BODY)
    rates, syncs, at_1_ms, took = list[float](), list[float](), list[float](), list[float]()
    for number in range(rounds):
        words = f"record, durable, round {number + 1} of {rounds}"
        spent = crashed.fdatasync_ms(folder)
        taped = session.attempt(
            f"{words}, this disk", lambda: taping.measure(case, seconds=seconds, folder=folder, sync="durable")
        )
        if taped is not None:
            spent += crashed.fdatasync_ms(folder)
            syncs.append(statistics.median(spent))
            rates.append(taped.rate)
        told = session.attempt(
            f"{words}, a fdatasync of 1 ms",
            lambda: taping.measure(case, seconds=seconds, folder=folder, sync="durable", sync_s=0.001),
        )
        if told is not None:
            at_1_ms.append(told.rate)
            took.append(told.sync_ms)
    more: dict[str, object] = {"asked": rounds, "case": GROUP}
    session.keep(figure, "actorbus", "msgs_per_s", rates, note=HERE, ran=RAN, **more)
    session.keep(figure, "disk", "fdatasync_ms", syncs, note=HERE, **more)
    session.keep(figure, "actorbus", "msgs_per_s", at_1_ms, note=AT_1_MS, ran=RAN, **more)
    session.keep(figure, "disk", "fdatasync_ms", took, note=AT_1_MS, **more)


# ---- open after a crash, verify -------------------------------------------------------------------------------------


def _opened(session: Session, folder: Path) -> None:
    size = session.effort.journal_bytes
    case = f"open after a crash, {size / GIB:g} GiB"
    for note, cold in (("in the page cache", False), ("from the disk", True)):
        seconds = session.attempt(f"{case}, {note}", lambda cold=cold: _open_crashed(folder / "crashed", size, cold))
        session.keep(figure, "actorbus", "seconds", [] if seconds is None else [seconds], case=case, note=note)


def _open_crashed(folder: Path, size: int, cold: bool) -> float:
    try:
        crashed.build(folder, size)
        if cold:
            crashed.forget(folder)
        began = time.perf_counter()
        journal = JournalHandle.open(folder, sync=NONE)  # as it was written: nothing is to be made durable
        seconds = time.perf_counter() - began
        journal.abandon()
        return seconds
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _verified(session: Session, folder: Path) -> None:
    size = min(GIB, session.effort.journal_bytes)
    case = f"verify, {size / GIB:g} GiB"
    made = folder / "verified"

    def measure() -> tuple[list[float], float | None]:
        crashed.fill(made, size, small_only=True).close()
        rates: list[float] = []
        for _ in range(max(3, session.effort.forks)):
            found = verify_journal(made)
            assert found.faults == (), found.faults
            rates.append(found.bytes / 1e6 / found.seconds)
        return rates, crashed.direct_mb_s(made)

    try:
        rates, disk = session.attempt(case, measure) or ([], None)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    session.keep(figure, "actorbus", "MB_per_s", rates, case=case, note="in the page cache")
    if disk is not None:
        session.keep(figure, "disk", "MB_per_s", [disk], case=case, note="read past the page cache")
