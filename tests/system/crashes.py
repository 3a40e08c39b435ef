"""Attacks on the native journal, each a function that returns what it did or fails.

The work is done by the C programs native/tests/test_journal_*.c (their heads say what holds); here they are started,
killed and counted. A recording program writes each sequence it calls durable to a pipe: what arrived here is what was
acknowledged.

Failure classes: process crash (`kills`, `injections`), power loss (`power`), media error (`media`, `failing`), space
(`failing`, `full`).
"""

from __future__ import annotations

import functools
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.system.hostile_frames import small_tmpfs
from tests.system.processes import ROOT, environment

SYSTEM_CALLS = ("openat", "pwritev", "fdatasync", "fsync", "fallocate", "rename", "unlink", "ftruncate")
"""Every call of the writer that changes something; it does not use ftruncate, which is here so that it stays so."""
SCRIPT_RECORDS = 2000
SCRIPT_MOST = 3000
"""2,000 records of at most 3,000 bytes are 3 rolls of segments of 1 MiB."""
KILLED_MOST = 512
TAILS = 4
KILLS_PER_RECORDING = 5


@functools.cache
def program(name: str) -> str:
    """Build one C test, run its small version, and return the program's path."""
    done = subprocess.run(
        [sys.executable, "tools/native_test.py", "plain", "--only", name],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return str(ROOT / "native" / "build" / "plain" / name)


def run(command: Sequence[str], timeout_s: float = 1800) -> str:
    """Run a program to its end and return its output; AssertionError with what it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-1500:]}"
    return done.stdout


def last_line(text: str) -> str:
    """Return the last line of an output, without its `ok`."""
    return text.strip().splitlines()[-1].removeprefix("ok ")


# ---- process crash ---------------------------------------------------------------------------------------------------


def checked(recording: Path, durable: int, most: int) -> tuple[int, float, int]:
    """Read, recover and verify a recording; return its next sequence, seconds of the recovery and bytes cut."""
    said = run([program("test_journal_killed"), "check", str(recording), str(durable), str(most)])
    found = re.search(r"next (\d+) ns (\d+) cut (\d+)", said)
    assert found, said
    return int(found[1]), int(found[2]) / 1e9, int(found[3])


class Told:
    """The numbers that a recording program writes to its pipe, 8 bytes each; `last` is the newest whole one."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.rest = b""
        self.last = 0

    def read(self, wait_s: float) -> bool:
        """Take what comes within `wait_s`; False when the pipe is closed."""
        if not select.select([self.pipe], [], [], wait_s)[0]:
            return True
        data = os.read(self.pipe, 1 << 16)
        self.rest += data
        whole = len(self.rest) // 8 * 8
        if whole:
            self.last = int.from_bytes(self.rest[whole - 8 : whole], "little")
            self.rest = self.rest[whole:]
        return bool(data)


def kill_one(recording: Path, after_s: float) -> int:
    """Record at full load, be refused as a second writer, kill -9; return the last sequence told durable."""
    child = subprocess.Popen(
        [program("test_journal_killed"), "record", str(recording), "0", str(KILLED_MOST)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    told = Told(child.stdout.fileno())
    deadline = time.monotonic() + after_s
    try:
        while told.last == 0:
            assert told.read(10), f"the recording program ended with {child.wait(10)}"
        run([program("test_journal_killed"), "lock", str(recording)])
        while (left := deadline - time.monotonic()) > 0:
            assert told.read(left), f"the recording program ended with {child.wait(10)}"
    finally:
        child.send_signal(signal.SIGKILL)
    while told.read(10):
        pass  # what was in the pipe was told, too
    child.wait(30)
    child.stdout.close()
    return told.last


def kill_rounds(recording: Path, rounds: int, chance: random.Random) -> tuple[int, float, int]:
    """Kill the writers of one recording, one after the other, with tail readers on it all the time."""
    durable, slowest_s, cut = 0, 0.0, 0
    tails = [
        subprocess.Popen(
            [program("test_journal_killed"), "tail", str(recording), str(KILLED_MOST)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(TAILS)
    ]
    try:
        for _ in range(rounds):
            durable = max(durable, kill_one(recording, chance.uniform(0.05, 0.6)))
            found, recovery_s, cut_bytes = checked(recording, durable, KILLED_MOST)
            assert found >= durable, f"{durable} were told durable, {found} are there"
            slowest_s = max(slowest_s, recovery_s)
            cut += cut_bytes > 0
        for tail in tails:
            said, wrong = tail.communicate(timeout=60)
            assert tail.returncode == 0, wrong
            assert int(said.split()[1]) > 0, said
    finally:
        for tail in tails:
            tail.kill()
            tail.wait(10)
    return durable, slowest_s, cut


def kills(count: int, seed: int = 1) -> str:
    """`kill -9` of a recording process at random under full load, with tail readers and a second writer refused."""
    chance = random.Random(seed)
    records, slowest_s, cuts = 0, 0.0, 0
    with tempfile.TemporaryDirectory(prefix="actorbus-test-") as folder:
        for begin in range(0, count, KILLS_PER_RECORDING):
            recording = Path(folder) / "r"
            durable, worst_s, cut = kill_rounds(recording, min(KILLS_PER_RECORDING, count - begin), chance)
            records, slowest_s, cuts = records + durable, max(slowest_s, worst_s), cuts + cut
            shutil.rmtree(recording)
    assert slowest_s <= 1.0, f"a recovery took {slowest_s:.2f} s"
    return (
        f"{count} kills, 0 of {records} records told durable lost, 0 wrong to {TAILS} tail readers and after recovery, "
        f"{cuts} torn tails, slowest recovery {slowest_s * 1000:.1f} ms, a second writer refused {count} times"
    )


def traced(call: str, number: int, folder: Path) -> tuple[bool, int]:
    """Run the script, kill it at the n-th of a system call; whether that came, and the last sequence told durable."""
    recording = folder / f"{call}-{number}"
    inject = ["-e", f"inject={call}:signal=KILL:when={number}"] if number else []
    trace = ["strace", "-f", "-qq", "-o", str(folder / f"{call}-{number}.log"), "-e", f"trace={call}", *inject]
    record = [program("test_journal_killed"), "record", str(recording), str(SCRIPT_RECORDS), str(SCRIPT_MOST)]
    done = subprocess.run([*trace, *record], capture_output=True, timeout=120, check=False)
    told = done.stdout[: len(done.stdout) // 8 * 8]
    if number and done.returncode != 0:
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), done.stderr[-1500:]
    return done.returncode != 0, int.from_bytes(told[-8:], "little")


def count_calls(call: str, folder: Path) -> int:
    """Run the script to its end and return how often it makes a system call."""
    traced(call, 0, folder)
    shutil.rmtree(folder / f"{call}-0")
    return sum(f"{call}(" in line for line in (folder / f"{call}-0.log").read_text().splitlines())


def inject_one(call: str, number: int, folder: Path) -> None:
    """Kill the script at one system call and check what it left."""
    killed, durable = traced(call, number, folder)
    assert killed, f"{call} {number} did not come"
    recording = folder / f"{call}-{number}"
    checked(recording, durable, SCRIPT_MOST)
    shutil.rmtree(recording)


def injections(most: int | None = None) -> str:
    """Kill the recording script at every call that changes something (or at `most` of them, evenly), and check it."""
    with tempfile.TemporaryDirectory(prefix="actorbus-test-") as name:
        folder = Path(name)
        places = {call: count_calls(call, folder) for call in SYSTEM_CALLS}
        total = sum(places.values())
        chosen = [
            (call, number * count // share + 1)
            for call, count in places.items()
            for share in [count if most is None else min(count, max(2, most * count // total))]
            for number in range(share)
        ]
        with ThreadPoolExecutor(2) as workers:
            for done in [workers.submit(inject_one, call, number, folder) for call, number in chosen]:
                done.result()
    kinds = ", ".join(f"{call} {sum(place[0] == call for place in chosen)}" for call in SYSTEM_CALLS)
    return f"killed at {len(chosen)} of {total} system calls ({kinds}): 0 durable lost"


# ---- power loss, media error, space ----------------------------------------------------------------------------------


def power(images: int, seed: int = 1, workers: int = 2) -> str:
    """Take power-loss images of journals at work, recover each and check it (FaultFS)."""
    share = images // workers
    with ThreadPoolExecutor(workers) as pool:
        started = [
            pool.submit(run, [program("test_journal_power"), str(share), str(seed + number)])
            for number in range(workers)
        ]
        return " + ".join(last_line(each.result()) for each in started)


def media(every: int, seed: int = 1) -> str:
    """Cut, flip, swap, misdirect and age the bytes of recordings; each `every`-th of all places."""
    return ", ".join(
        line.removeprefix("ok ") for line in run([program("test_journal_media"), str(every), str(seed)]).splitlines()
    )


def salvage(rounds: int, seed: int = 1, workers: int = 2) -> str:
    """Crash journals in all three sync modes, damage their files at random, salvage, repair and go on (FaultFS)."""
    share = rounds // workers
    with ThreadPoolExecutor(workers) as pool:
        started = [
            pool.submit(run, [program("test_journal_salvage"), str(share), str(seed + number)])
            for number in range(workers)
        ]
        return " + ".join(last_line(each.result()) for each in started)


def failing(scripts: int, fillings: int) -> str:
    """Make the N-th call of each kind fail, for every N (FaultFS), and fill its disk."""
    lines = run([program("test_journal_failing"), str(scripts), str(fillings)]).strip().splitlines()
    return ", ".join(line.removeprefix("ok ") for line in lines[-2:])


def full(times: int) -> str:
    """Fill a tmpfs of 64 MiB, free some of it and go on. PermissionError when we may not mount one."""
    for number in range(times):
        with small_tmpfs("64m") as place:
            run([program("test_journal_killed"), "fill", str(place / "r"), str(number)])
    return f"a full tmpfs of 64 MiB recovered {times} of {times} times"
