"""Issue 7, line 1, its last part: a handler with `resume` that is killed handles each recorded message exactly once.

The handler appends what a message did, with the recording's position behind it, to a file of its own in one write, and
says from that file where to go on (`resume_position`). Its process gets SIGKILL at random moments.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import actorbus as ab
from tests.prove import Failed
from tests.system.processes import environment

__all__ = ["killed"]

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = 50
MESSAGES = 60_000
BATCH = 50
"""Messages of a batch frame; as many come alone behind it."""
DEADLINE_S = 60.0
CHILD = "import sys; from tests.prove.resume import child; child(sys.argv[1])"


class Step(ab.Message, type_id=1901, version=1):
    """A numbered message."""

    n: int


class Ledger(ab.Handler):
    """Writes one line a message: its number, and the position behind it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._file = self._path.open("ab", buffering=0)

    def resume_position(self) -> ab.Position | None:
        """Cut a line that was not written whole, and return the position of the last one."""
        lines = self._path.read_bytes().split(b"\n")
        self._file.truncate(sum(len(line) + 1 for line in lines[:-1]))
        return ab.Position(int(lines[-2].split()[1])) if len(lines) > 1 else None

    @ab.on(Step)
    def on_step(self, step: Step, meta: ab.Meta) -> None:
        """Write the line."""
        place = meta.recorded
        assert place is not None
        self._file.write(b"%d %d\n" % (step.n, place[1]))


def _topology(folder: Path, *, handler: bool) -> dict[str, object]:
    options = {"path": str(folder / "ledger")}
    ledger = {"stream": "steps", "class": Ledger, "resume": True, "options": options}
    return {
        "version": 1,
        "name": "resume",
        "driver": {"mode": "none"},
        "streams": {"steps": {"channel": "aeron:ipc?term-length=1m", "stream_id": 1901, "messages": [Step]}},
        "recorders": {"tape": {"streams": ["steps"], "directory": str(folder / "tape"), "sync": "none"}},
        "handlers": {"ledger": ledger} if handler else {},
    }


def child(folder: str) -> None:
    """Run the handler until killed, or until told to stop by the end of standard input."""
    with ab.Node.from_dict(_topology(Path(folder), handler=True)):
        print("ready", flush=True)
        sys.stdin.read()


def _lines(folder: Path) -> int:
    path = folder / "ledger"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def killed(kills: int = KILLS, messages: int = MESSAGES) -> str:
    """Record a multiple of 2 * BATCH messages, then handle with so many kills in between; compare what was handled.

    Raises:
        Failed: a message was handled twice, not at all, or out of order.
    """
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="actorbus-resume-") as name:
        folder = Path(name)
        with ab.Node.from_dict(_topology(folder, handler=False)) as node:
            publisher = node.publisher("steps", Step)
            for n in range(0, messages, 2 * BATCH):
                publisher.publish_many([Step(n + i) for i in range(BATCH)])  # one record, and a kill may come in it
                publisher.publish_many(Step(n + i) for i in range(BATCH, 2 * BATCH))
        between = 0
        for number in range(kills + 1):
            process = subprocess.Popen(
                [sys.executable, "-c", CHILD, name],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            try:
                before = _lines(folder)
                share = (
                    messages if number == kills else min(messages, before + chance.randrange(1, 2 * messages // kills))
                )
                deadline = time.monotonic() + DEADLINE_S
                while _lines(folder) < share and time.monotonic() < deadline:
                    if process.poll() is not None:
                        raise Failed(f"run {number} ended with {process.returncode}")
                between += before < messages and number < kills
            finally:
                process.kill()
                process.communicate()
        handled = [int(line.split()[0]) for line in (folder / "ledger").read_bytes().splitlines()]
        if handled != list(range(messages)):
            wrong = next((at for at, n in enumerate(handled) if at != n), len(handled))
            raise Failed(f"{len(handled)} messages handled of {messages}; the first that differs is number {wrong}")
    return (
        f"a handler killed {kills} times ({between} in the middle) handled each of {messages:,} messages exactly once"
    )
