"""`record`: what a recorder and its journal do, beside the Java Archive on the same file system, round by round.

recorder   messages of 100 bytes, as Aeron carries them, to a live subscriber and a recorder, sync none: until all is
           written; the same stream without the recorder; the Java Archive with as many of the same size and the same
           live subscriber. Who records has a core alone, all else shares the other. Then bodies of 100 bytes behind our
           frame
checksum   ours is part of the format and cannot be switched off, the Archive's is off by default: beside it with its
           own CRC32C; and beside it without, ours with the time of its checksums, measured by itself, taken off
durable    256-byte bodies, sync durable; this disk's fdatasync beside it, and the rate where one costs 1 ms
open       a journal whose writer was killed, its last segment full of small records; from the page cache and from disk
verify     1 GiB of 100-byte records in the page cache; the same files past the page cache beside it

Everything is written below the folder that TMPDIR names, and removed.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from actorbus.bench import crashed, rig, taping
from actorbus.bench.case import Case
from actorbus.bench.floor import checksum_ns
from actorbus.bench.peers import java_archive
from actorbus.bench.record import Result, figure, ratio
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
EMPTY = Case(system="actorbus", lane=0, directory="", place="", size=BODY)


def run(session: Session) -> list[Result]:
    """Measure."""
    if not session.can("actorbus"):
        return []
    with tempfile.TemporaryDirectory(prefix="actorbus-bench-") as made:
        folder = Path(made)
        return [*_recorder(session, folder), *_durable(session, folder), *_opened(session, folder),
                *_verified(session, folder)]  # fmt: skip


# ---- recorder -------------------------------------------------------------------------------------------------------


def _recorder(session: Session, folder: Path) -> list[Result]:
    """Take rounds: ours, ours without the recorder, the Java Archive."""
    effort = session.effort
    seconds, rounds = (0.3, 1) if effort.quick else (effort.seconds, max(3, effort.rounds // 5))
    count = JAVA_MESSAGES // 10 if effort.quick else JAVA_MESSAGES
    ours, bare, cpu, behind = list[float](), list[float](), list[float](), list[float]()
    theirs, summed = list[float](), list[float]()
    java = session.can(JAVA)
    for number in range(rounds):
        words = f"record, round {number + 1} of {rounds}"
        taped = session.attempt(words, lambda: _taped(folder, count, framed=False))
        alone = session.attempt(f"{words}, {BARE}", lambda: _bare(seconds))
        frame = session.attempt(f"{words}, {FRAMED}", lambda: _taped(folder, count, framed=True))
        peers = [_peer(session, words, folder, checksum=each) for each in (False, True)] if java else []
        if taped is None or alone is None or frame is None or None in peers:
            continue
        ours.append(taped.rate)
        bare.append(alone.rate)
        behind.append(frame.rate)
        cpu.append(taped.cpu_s * 1e9 / taped.messages)
        for rates, rate in zip((theirs, summed), peers, strict=False):
            rates.append(rate or 0.0)
    sums = [checksum_ns(BODY, SUMS) for _ in range(3)]
    results = [
        figure("actorbus", "msgs_per_s", ours, TAPE, "recorded, written"),
        figure("actorbus", "msgs_per_s", bare, TAPE, BARE),
        figure("actorbus", "ratio", [a / b for a, b in zip(ours, bare, strict=True)], TAPE, f"of the same {BARE}"),
        figure("actorbus", "msgs_per_s", behind, TAPE, FRAMED),
        figure("actorbus", "message_ns", cpu, TAPE, "CPU time of the recorder's process"),
        figure("actorbus", "message_ns", sums, TAPE, "of it: checksums, measured by themselves"),
    ]
    if theirs:
        less = statistics.median(sums) / 1e9
        without = [1 / (1 / rate - less) if 1 / rate > less else rate for rate in ours]
        results += [
            figure(JAVA, "msgs_per_s", theirs, TAPE, "no checksum"),
            figure(JAVA, "msgs_per_s", summed, TAPE, "CRC32C, as ours"),
            ratio("actorbus", JAVA, ours, theirs, TAPE),
            figure("actorbus", "ratio", [a / b for a, b in zip(ours, summed, strict=True)], TAPE,
                   f"of {JAVA} with CRC32C, as ours"),
            figure("actorbus", "ratio", [a / b for a, b in zip(without, theirs, strict=True)], TAPE,
                   "of the same, the checksums' time taken off"),
        ]  # fmt: skip
    return results


def _taped(folder: Path, messages: int, *, framed: bool) -> taping.Taped:
    """Measure a round behind one that does not count, as the Archive's are.

    What that one's removal leaves is memory the machine has: a page that a virtual machine must first get from its
    host makes a write of the kernel six times as long.
    """
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


def _durable(session: Session, folder: Path) -> list[Result]:
    effort = session.effort
    seconds, rounds = (0.3, 1) if effort.quick else (effort.seconds, max(3, effort.runs))
    case = msgspec.structs.replace(EMPTY, size=DURABLE_BODY)
    rates, syncs, at_1_ms = list[float](), list[float](), list[float]()
    for number in range(rounds):
        spent = crashed.fdatasync_ms(folder)
        taped = session.attempt(
            f"record, durable, round {number + 1} of {rounds}",
            lambda: taping.measure(case, seconds=seconds, folder=folder, sync="durable"),
        )
        if taped is not None:
            spent += crashed.fdatasync_ms(folder)
            syncs.append(statistics.median(spent))
            rates.append(taped.rate)
            at_1_ms.append(taped.rate * syncs[-1])
    return [
        figure("actorbus", "msgs_per_s", rates, GROUP, "group commit"),
        figure("disk", "fdatasync_ms", syncs, GROUP, "one fdatasync after 64 KiB"),
        figure("actorbus", "msgs_per_s", at_1_ms, GROUP, "where one fdatasync costs 1 ms"),
    ]


# ---- open after a crash, verify -------------------------------------------------------------------------------------


def _opened(session: Session, folder: Path) -> list[Result]:
    size = session.effort.journal_bytes
    case = f"open after a crash, {size / GIB:g} GiB"
    results: list[Result] = []
    for note, cold in (("in the page cache", False), ("from the disk", True)):
        seconds = session.attempt(f"{case}, {note}", lambda cold=cold: _open_crashed(folder / "crashed", size, cold))
        if seconds is not None:
            results.append(figure("actorbus", "seconds", [seconds], case, note))
    return results


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


def _verified(session: Session, folder: Path) -> list[Result]:
    size = min(GIB, session.effort.journal_bytes)
    case = f"verify, {size / GIB:g} GiB"
    made = folder / "verified"

    def measure() -> tuple[list[float], float | None]:
        crashed.fill(made, size, small_only=True).close()
        rates: list[float] = []
        for _ in range(max(3, session.effort.runs)):
            found = verify_journal(made)
            assert found.faults == (), found.faults
            rates.append(found.bytes / 1e6 / found.seconds)
        return rates, crashed.direct_mb_s(made)

    try:
        found = session.attempt(case, measure)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if found is None:
        return []
    rates, disk = found
    beside = [] if disk is None else [figure("disk", "MB_per_s", [disk], case, "read past the page cache")]
    return [figure("actorbus", "MB_per_s", rates, case, "in the page cache"), *beside]
