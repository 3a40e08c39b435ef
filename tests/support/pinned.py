"""Two Python processes, each pinned to a core of its own, that start and stop together and never outlive the test.

The parent:

    with pinned_pair(["tests.system.crossing", "publish"], ["tests.system.crossing", "subscribe"]) as pair:
        pair.wait_ready(20)     # both have called ready()
        pair.go()
        ...
        pair.stop()             # stop_asked() is true in both from now on
        first, second = pair.results(30)

The child, a module that is run as a program:

    ready()                     # tells the parent, waits for go
    while not stop_asked(): ...
    report({"messages": n})     # one JSON object; then end with 0

* Every wait of the parent has a deadline and names the child, its exit code and its last words when it passes.
* A child whose parent dies finds its stdin at its end: ready() ends it, stop_asked() is true.
* With one core only, both share it: `pair.cpus` says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent.parent
_STDIN = 0
_READY, _GO, _STOP, _RESULT = "READY", "GO", "STOP", "RESULT "


# ---- the child -------------------------------------------------------------------------------------------------------


def ready() -> None:
    """Tell the parent that the measurement may begin, and wait until it does."""
    print(_READY, flush=True)
    word = b""
    while not word.endswith(b"\n"):
        byte = os.read(_STDIN, 1)  # not through sys.stdin: its buffer would hide a stop that comes at once from select
        if not byte:
            raise SystemExit("pinned: the parent went away")
        word += byte


def stop_asked() -> bool:
    """Return whether the parent asked to stop, or is gone. One system call; waits for nothing."""
    return bool(select.select([_STDIN], [], [], 0)[0])


def report(result: Mapping[str, object]) -> None:
    """Hand the parent the result."""
    print(_RESULT + json.dumps(result), flush=True)


# ---- the parent ------------------------------------------------------------------------------------------------------


class Pinned:
    """One pinned process."""

    def __init__(self, cpu: int, module: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = " ".join(module)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by kill()
        self._unread = b""
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.pinned", str(cpu), *module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=dict(environment),
        )

    def wait_ready(self, deadline: float) -> None:
        """Wait for its ready(); `deadline` by time.monotonic()."""
        self._line(_READY, deadline)

    def send(self, word: str) -> None:
        """Send a word; nothing when it has ended, as its result or its exit code then says more."""
        assert self.child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.write(word.encode() + b"\n")
            self.child.stdin.flush()

    def result(self, deadline: float) -> dict[str, object]:
        """Wait for its report and its end with 0."""
        line = self._line(_RESULT, deadline)
        try:
            code = self.child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(self._told("reported but did not end in time")) from None
        assert code == 0, self._told(f"reported but ended with {code}")
        return json.loads(line[len(_RESULT) :])

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._errors.close()

    def _line(self, start: str, deadline: float) -> str:
        """Return the next line of its stdout that begins with `start`; others are passed over."""
        assert self.child.stdout is not None
        output = self.child.stdout.fileno()
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if newline:
                self._unread = rest
                text = line.decode(errors="replace")
                if text.startswith(start):
                    return text
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise AssertionError(self._told(f"did not say {start.strip()} in time"))
            more = os.read(output, 65536)
            if not more:
                raise AssertionError(self._told(f"ended with {self.child.wait(10)} before it said {start.strip()}"))
            self._unread += more

    def _told(self, what: str) -> str:
        self._errors.seek(0)
        return f"{self.name} {what}; its stderr ends: {self._errors.read()[-2000:].decode(errors='replace')}"


class Pair:
    """Two pinned processes that go and stop together."""

    def __init__(self, first: Pinned, second: Pinned, cpus: tuple[int, int]) -> None:
        self.first, self.second, self.cpus = first, second, cpus

    def wait_ready(self, within_s: float) -> None:
        """Wait until both are ready. AssertionError after `within_s` seconds."""
        deadline = time.monotonic() + within_s
        self.first.wait_ready(deadline)
        self.second.wait_ready(deadline)

    def go(self) -> None:
        """Let both begin."""
        self.first.send(_GO)
        self.second.send(_GO)

    def stop(self) -> None:
        """Ask both to stop."""
        self.first.send(_STOP)
        self.second.send(_STOP)

    def results(self, within_s: float) -> tuple[dict[str, object], dict[str, object]]:
        """Wait for both reports and both ends. AssertionError after `within_s` seconds."""
        deadline = time.monotonic() + within_s
        return self.first.result(deadline), self.second.result(deadline)


def two_cpus() -> tuple[int, int]:
    """Return two CPUs this process may use; the same twice when there is but one."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0], cpus[1 % len(cpus)]


@contextlib.contextmanager
def pinned_pair(first: Sequence[str], second: Sequence[str]) -> Generator[Pair]:
    """Start two modules with their arguments, pinned; both are gone at the end of the block."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'handlers'}"}
    cpus = two_cpus()
    with contextlib.ExitStack() as ends:
        children: list[Pinned] = []
        for cpu, module in zip(cpus, (first, second), strict=True):
            children.append(Pinned(cpu, module, environment))
            ends.callback(children[-1].kill)
        yield Pair(children[0], children[1], cpus)


if __name__ == "__main__":  # CPU MODULE ARGUMENTS...: pinned before the module starts its first thread
    os.sched_setaffinity(0, {int(sys.argv[1])})
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
