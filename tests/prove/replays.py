"""Issue 7, line 1: the demo records; its tape is replayed byte for byte, and from the middle exactly.

    actorbus run bars_demo.yaml  -> tape -> actorbus replay --channel -> a raw subscriber: the frames, byte for byte
                                         -> actorbus replay --from P   -> stdout: exactly the records from P on

The middle is a sequence, and a moment: that of a record, and one nanosecond behind it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from actorbus.journal import open_recording
from actorbus.recording import RecordedMessage
from actorbus.recording.place import time_text
from actorbus.transport import Client, DriverSettings, ProcessDriver, Subscription
from tests.prove import Failed
from tests.system.processes import environment

__all__ = ["demo_bars", "recorded_demo", "replayed"]

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO = ROOT / "config" / "topologies" / "bars_demo.yaml"
CHANNEL = "aeron:ipc?term-length=64k"
"""Short: the tape is many terms long, so the replay meets back pressure."""
STREAM_ID = 1907
DEADLINE_S = 120.0


def _run(*words: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "actorbus", *words],
        cwd=ROOT, env={**environment(), **more}, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"actorbus {' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def demo_bars() -> Path:
    """Return the file of the demo's real bars, fetched as `make demo` does.

    Raises:
        Failed: they cannot be had, and the demo would run on synthetic ones.
    """
    done = subprocess.run(
        [sys.executable, "tools/fetch_demo_data.py"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=True
    )
    if "SYNTHETIC" in done.stderr:
        raise Failed(f"the real bars cannot be had: {done.stderr}")
    return Path(done.stdout.strip())


def recorded_demo(bars: Path, tape: Path) -> Mapping[str, list[RecordedMessage]]:
    """Run the demo on these bars and return the tape's records by stream.

    Raises:
        Failed: not every message that was published was recorded.
    """
    out = _run(
        "run", str(DEMO), "--until-idle", "1s", "--summary", "json", BARS_CSV=str(bars), TAPE=str(tape)
    )  # fmt: skip
    streams = json.loads(out)["streams"]
    with open_recording(tape) as reader:
        names = {number: stream.name for number, stream in reader.streams.items()}
        records = list(reader)
    found = {name: [record for record in records if names[record.stream] == name] for name in ("bars", "alerts")}
    counts = {name: len(of_stream) for name, of_stream in found.items()}
    published = {name: streams[name]["published"] for name in found}
    if counts != published or [record.sequence for record in records] != list(range(len(records))):
        raise Failed(f"{counts} records of {published} messages published")
    return found


def _into_stream(tape: Path, stream: str, expected: list[bytes], *words: str) -> None:
    """Replay into a stream of a driver of our own and compare what a raw subscriber gets."""
    with (
        ProcessDriver(None, DriverSettings()) as driver,
        Client.connect(driver.directory) as client,
        tempfile.TemporaryFile() as said,
    ):
        raw = client.add_subscription(CHANNEL, STREAM_ID, frame=False, format=0, types=[(1, 0, True)])
        into = ["--channel", CHANNEL, "--stream-id", str(STREAM_ID), "--directory", str(driver.directory)]
        replay = subprocess.Popen(
            [sys.executable, "-m", "actorbus", "replay", str(tape), "--stream", stream, *into, *words],
            cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=said,
        )  # fmt: skip
        try:
            found = _taken(raw, replay)
            code = replay.wait(DEADLINE_S)
        finally:
            replay.kill()
            replay.wait()
        said.seek(0)
        if code:
            raise Failed(f"the replay of {stream} ended with {code}: {said.read().decode()[-2000:]}")
    if found != expected:
        differs = next((at for at, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), None)
        raise Failed(f"{stream}: {len(found)} frames of {len(expected)} came; the first that differs: {differs}")


def _taken(raw: Subscription, replay: subprocess.Popen[bytes]) -> list[bytes]:
    """Take what comes until the replay has ended, its image has gone, and a hundred more polls brought nothing."""
    found: list[bytes] = []
    deadline, quiet = time.monotonic() + DEADLINE_S, 0
    while quiet < 100 and time.monotonic() < deadline:
        got = raw.port.poll()
        if got > 0:
            found.extend(raw.port.bodies())
            quiet = 0
            continue
        if got < 0:
            raw.port.notices()
        quiet += replay.poll() is not None and raw.image_count == 0
        os.sched_yield()
    return found


def _from_middle(tape: Path, records: list[RecordedMessage]) -> int:
    """Replay to stdout from the middle by sequence and by time; return how many places were tried."""
    whole = [json.loads(line) for line in _run("replay", str(tape)).splitlines()]
    by_sequence = {line["sequence"]: line for line in whole}
    half, last = records[len(records) // 2], records[len(records) * 3 // 4]
    cases = (
        (("--from", str(half.sequence)), half.sequence, len(records)),
        (("--from", time_text(half.time_ns)), half.sequence, len(records)),
        (("--from", time_text(half.time_ns + 1)), half.sequence + 1, len(records)),
        (("--from", time_text(half.time_ns), "--to", str(last.sequence)), half.sequence, last.sequence),
        (("--from", str(half.sequence), "--to", time_text(last.time_ns)), half.sequence, last.sequence),
    )
    for words, first, end in cases:
        lines = [json.loads(line) for line in _run("replay", str(tape), *words).splitlines()]
        if lines != [by_sequence[sequence] for sequence in range(first, end)]:
            raise Failed(f"replay {' '.join(words)}: {len(lines)} lines, expected the records {first} to {end - 1}")
    if [line["sequence"] for line in whole] != list(range(len(records))):
        raise Failed(f"the whole replay has {len(whole)} lines of {len(records)} records")
    return len(cases)


def replayed(bars: Path) -> str:
    """Record the demo on these bars, replay it whole into a stream and from the middle; return the figure.

    Raises:
        Failed: a frame was missing, another or changed, or a place did not give exactly the messages behind it.
    """
    with tempfile.TemporaryDirectory(prefix="actorbus-replay-") as folder:
        tape = Path(folder) / "tape"
        streams = recorded_demo(bars, tape)
        for name, records in streams.items():
            _into_stream(tape, name, [record.payload for record in records])
        middle = streams["bars"][len(streams["bars"]) // 2]
        rest = [record.payload for record in streams["bars"] if record.sequence >= middle.sequence]
        _into_stream(tape, "bars", rest, "--from", str(middle.sequence))
        _into_stream(tape, "bars", rest, "--from", time_text(middle.time_ns))
        everything = sorted(
            (record for records in streams.values() for record in records), key=lambda one: one.sequence
        )
        places = _from_middle(tape, everything)
    counts = ", ".join(f"{len(records):,} {name}" for name, records in streams.items())
    return (
        f"the demo recorded {counts}; replayed byte for byte into a stream, whole and from the middle by sequence and "
        f"time; {places} places gave exactly the messages behind them"
    )
