"""Kill real nodes that record (tests/system/recording_node.py), and look at what their recordings hold."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from actorbus.ffi.journal import JournalHandle
from actorbus.ffi.journal_tools import journal_verify
from actorbus.journal import open_recording
from tests.system.crashes import Told
from tests.system.processes import ROOT, SHM, environment
from tests.system.recording_node import TEXT

FRAME = 32
KILLS_PER_RECORDING = 4


def kill_one(folder: Path, driver: Path, after_s: float) -> int:
    """Start a node, kill it `after_s` seconds after it told something durable; return the last position it told."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.system.recording_node", str(folder), str(driver)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    told = Told(child.stdout.fileno())
    try:
        began = time.monotonic()
        while told.last == 0:
            assert told.read(30), f"the node ended with {child.wait(30)}"
            assert time.monotonic() < began + 60, "the node told nothing durable"
        deadline = time.monotonic() + after_s
        while (left := deadline - time.monotonic()) > 0:
            assert told.read(left), f"the node ended with {child.wait(30)}"
    finally:
        child.send_signal(signal.SIGKILL)
    while told.read(10):
        pass  # what was in the pipe was told, too
    child.wait(30)
    child.stdout.close()
    return told.last


def look(folder: Path, durable: int) -> tuple[int, float]:
    """Check the recording, then recover it: records, and seconds of the recovery."""
    count, number = 0, -1
    decoder = msgspec.msgpack.Decoder(tuple[int, int, str])
    with open_recording(folder / "tape") as reader:
        for record in reader:
            assert record.sequence == count, f"sequence {record.sequence} where {count} was due"
            sequence = int.from_bytes(record.payload[16:24], "little")
            assert decoder.decode(record.payload[FRAME:]) == (1001, sequence, TEXT), f"sequence {count} is not as sent"
            assert sequence in (number + 1, 0), f"message {sequence} behind {number}"  # 0: the next node's first
            count, number = count + 1, sequence
    end = journal_verify(folder / "tape")  # behind the last commit, which a record's own position is not
    assert end.position >= durable, f"position {durable} was told durable, the recording ends at {end.position}"
    assert end.next_sequence == count, f"{count} records were read, verify has {end.next_sequence}"
    handle = JournalHandle.open(folder / "tape", create=False)
    opened = handle.opened
    handle.close()
    assert opened.next_sequence == count, f"{count} records were read, {opened.next_sequence} recovered"
    assert journal_verify(folder / "tape").problem_count == 0
    return count, opened.elapsed_ns / 1e9


def kills(count: int, seed: int = 1) -> str:
    """`kill -9` of a real node at full load, at random."""
    chance = random.Random(seed)
    records, slowest_s = 0, 0.0
    with (
        tempfile.TemporaryDirectory(prefix="actorbus-test-") as name,
        tempfile.TemporaryDirectory(prefix="actorbus-test-", dir=SHM) as shared,
    ):
        folder = Path(name)
        for number in range(count):
            driver = Path(shared) / str(number)
            durable = kill_one(folder, driver, chance.uniform(0.0, 0.8))
            shutil.rmtree(driver, ignore_errors=True)
            found, recovery_s = look(folder, durable)
            slowest_s = max(slowest_s, recovery_s)
            if number % KILLS_PER_RECORDING == KILLS_PER_RECORDING - 1 or number == count - 1:
                records += found
                shutil.rmtree(folder / "tape")
    assert slowest_s <= 1.0, f"a recovery took {slowest_s:.2f} s"
    return (
        f"{count} kills of a real node with a recorder, {records} messages recorded, 0 told durable lost, 0 wrong, "
        f"slowest recovery {slowest_s * 1000:.1f} ms"
    )
