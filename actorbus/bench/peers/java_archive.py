"""The Java Archive as the recorder's peer: its own sample in a JVM that stays, asked for one recording after the other.

    with JavaArchive(place, messages=5_000_000) as archive:
        archive.record()        # messages a second, as the sample prints it; the first ones warm the JVM

* `io.aeron.samples.archive.EmbeddedRecordingThroughput`: media driver, archive and an exclusive publication in one
  JVM, shared threading, sync level 0, no checksum. A round begins when the publication is connected and ends when all
  is recorded.
* The sample removes its recording before the next round, and ends when that is still being stopped: hence SETTLE_S.
* The jar is never fetched here: Maven's local repository has it, or the variable JAR names it. Without it, or without
  Java, the report says so.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Self

from actorbus.bench.case import STREAM_ID_FIRST
from actorbus.errors import BrokenError

__all__ = ["ABOUT", "CHANNEL", "JAR", "PACKAGE", "STREAM_ID", "VERSION", "JavaArchive", "jar", "missing", "rate_in"]

ABOUT = (
    "Aeron's Java Archive: records whole blocks of a term as they lie, without looking at a message; a checksum only "
    "when asked; replay by position."
)
PACKAGE = ""
VERSION = "1.51.0"
JAR = "ACTORBUS_AERON_JAR"
CHANNEL = "aeron:ipc?term-length=16m"
STREAM_ID = STREAM_ID_FIRST
SAMPLE = "io.aeron.samples.archive.EmbeddedRecordingThroughput"
OPENS = ("java.base/jdk.internal.misc", "java.base/java.util.zip")
ARCHIVE_THREAD = "archive"
"""What the name of its thread begins with (shared threading: one records, replays and answers)."""
PATIENCE_S = 120.0
SETTLE_S = 1.0
_RATE = re.compile(r"- ([\d,.]+) msg/sec")


def jar() -> Path | None:
    """Return where aeron-all is, or None."""
    named = os.environ.get(JAR)
    local = Path.home() / ".m2" / "repository" / "io" / "aeron" / "aeron-all" / VERSION / f"aeron-all-{VERSION}.jar"
    found = Path(named) if named else local
    return found if found.is_file() else None


def missing() -> str | None:
    """Return why it cannot run here, or None when it can."""
    if shutil.which("java") is None:
        return "there is no java (17 or later)"
    if jar() is None:
        return (
            f"there is no jar: mvn dependency:get -Dartifact=io.aeron:aeron-all:{VERSION} -Dtransitive=false, or {JAR}"
        )
    return None


def rate_in(text: str) -> float | None:
    """Return the messages a second of a line of the sample, or None when it has none."""
    found = _RATE.search(text)
    return None if found is None else float(found[1].replace(",", ""))


class JavaArchive:
    """One JVM with the sample in it."""

    def __init__(self, place: Path, *, messages: int, size: int, driver: Path, checksum: bool = False) -> None:
        """Start it; it records a first time at once.

        Args:
            place: where the recording goes; the folder is the archive's and is removed by it.
            messages: of a round.
            size: of a message, bytes.
            driver: directory of its media driver, in memory.
            checksum: it makes a CRC32C of each message.

        Raises:
            BrokenError: java or the jar is missing.
        """
        found = jar()
        if found is None:
            raise BrokenError("the Java Archive cannot run", why=missing() or "")
        self.directory = driver
        self._process = subprocess.Popen(
            _command(found, place, messages, size, driver, checksum=checksum),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self._asked = True
        self._said = b""
        self._told_at = 0.0

    @property
    def pid(self) -> int:
        """The JVM's process."""
        return self._process.pid

    def record(self) -> float:
        """Record one round; returns messages a second.

        Raises:
            BrokenError: it ended, or said nothing in time; has its last words.
        """
        if not self._asked:
            time.sleep(max(0.0, self._told_at + SETTLE_S - time.monotonic()))
            with contextlib.suppress(OSError):  # it has ended: what it said last is told below
                _need(self._process.stdin).write(b"y\n")
        self._asked = False
        rate = self._hear()
        self._told_at = time.monotonic()
        return rate

    def _hear(self) -> float:
        deadline, out = time.monotonic() + PATIENCE_S, _need(self._process.stdout)
        with selectors.DefaultSelector() as waiting:
            waiting.register(out, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                *lines, last = self._said.split(b"\n")
                for number, line in enumerate(lines):
                    rate = rate_in(line.decode(errors="replace"))
                    if rate is not None:
                        self._said = b"\n".join([*lines[number + 1 :], last])
                        return rate
                if waiting.select(0.5):
                    more = out.read(4096)
                    if not more:
                        break
                    self._said += more
        words = self._said.decode(errors="replace")[-1500:]
        raise BrokenError("the Java Archive did not tell its rate", why=words or "no last words")

    def pin(self, archive: int, others: int) -> None:
        """Give the archive's thread a core and all other threads another one (or the same).

        Raises:
            BrokenError: no thread has the archive's name.
        """
        tasks = Path(f"/proc/{self._process.pid}/task")
        found = 0
        for task in tasks.iterdir():
            with contextlib.suppress(OSError):  # it has ended
                is_archive = (task / "comm").read_text().startswith(ARCHIVE_THREAD)
                os.sched_setaffinity(int(task.name), {archive if is_archive else others})
                found += is_archive
        if not found:
            raise BrokenError("the Java Archive's thread is not found", why=f"none is named {ARCHIVE_THREAD}...")

    def close(self) -> None:
        """End it, and remove its driver's folder. Again does nothing."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                _need(self._process.stdin).write(b"n\n")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.poll() is None:
                self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _need(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _command(found: Path, place: Path, messages: int, size: int, driver: Path, *, checksum: bool) -> list[str]:
    control, events = _free_ports(2)
    settings = {
        "aeron.dir": driver,
        "aeron.threading.mode": "SHARED",
        "aeron.archive.dir": place,
        "aeron.archive.threading.mode": "SHARED",
        "aeron.archive.file.sync.level": 0,
        "aeron.archive.catalog.file.sync.level": 0,
        "aeron.archive.control.channel": f"aeron:udp?endpoint=localhost:{control}",
        "aeron.archive.control.response.channel": "aeron:udp?endpoint=localhost:0",
        "aeron.archive.replication.channel": "aeron:udp?endpoint=localhost:0",
        "aeron.archive.recording.events.channel": f"aeron:udp?control-mode=dynamic|control=localhost:{events}",
        "aeron.sample.channel": CHANNEL,
        "aeron.sample.streamId": STREAM_ID,
        "aeron.sample.messageLength": size,
        "aeron.sample.messages": messages,
    }
    if checksum:
        settings["aeron.archive.record.checksum"] = "org.agrona.checksum.Crc32c"
    opened = [word for name in OPENS for word in ("--add-opens", f"{name}=ALL-UNNAMED")]
    given = [f"-D{name}={value}" for name, value in settings.items()]
    return ["java", *opened, "-cp", str(found), *given, SAMPLE]


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
