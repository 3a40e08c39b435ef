"""Issue 7, line 6: the conformance suite of recordings on every backend, and the state machine against a list."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.conformance.recordings import BACKENDS
from tests.prove import Failed
from tests.system.processes import environment

__all__ = ["line_6", "line_6_conformance", "line_6_machine"]

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = 5_000
TIMEOUT_S = 3600
PASSED = re.compile(r"^(?P<test>\S+::\w+)\[(?P<parameters>[^\]]*)\] PASSED", re.MULTILINE)
MACHINE = """
import sys
from tests.conformance.recordings import BACKENDS
from tests.property.test_recording_machine import run_machine
run_machine(next(kind for kind in BACKENDS if kind.name == sys.argv[1]), int(sys.argv[2]))
"""


def line_6_conformance() -> str:
    """Run the suite and count what held by backend; each must have run the same tests.

    Raises:
        Failed: a test did not hold, or was not run on every backend.
    """
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--color=no"]
    files = [str(path) for path in sorted((ROOT / "tests" / "conformance").glob("test_recording*.py"))]
    done = subprocess.run(
        [*command, *files], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise Failed(f"the conformance suite ended with {done.returncode}: {done.stdout[-3000:]}{done.stderr[-500:]}")
    runs = [found["parameters"].split("-")[0] for found in PASSED.finditer(done.stdout)]
    held = Counter(name for name in runs if name in {kind.name for kind in BACKENDS})
    if len(set(held.values())) != 1 or len(held) != len(BACKENDS):
        raise Failed(f"the backends did not run the same tests: {dict(held)}")
    return f"{held['journal']} conformance tests hold on each of {', '.join(sorted(held))}"


def line_6_machine(examples: int = EXAMPLES) -> str:
    """Run the state machine on every backend, each in a process of its own.

    Raises:
        Failed: a recording was not the list; the text has the shortest story hypothesis found.
    """
    running = {
        kind.name: subprocess.Popen(
            [sys.executable, "-c", MACHINE, kind.name, str(examples)], cwd=ROOT, env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for kind in BACKENDS
    }  # fmt: skip
    wrong: list[str] = []
    try:
        for name, process in running.items():
            out, _ = process.communicate(timeout=TIMEOUT_S)
            if process.returncode:
                wrong.append(f"{name}: {out[-3000:]}")
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    if wrong:
        raise Failed("; ".join(wrong))
    does = "append, write, roll, read, follow, purge, kill, recover"
    return f"the state machine ({does}) agrees with a list in {examples:,} examples on each"


def line_6() -> str:
    """Both halves."""
    return f"{line_6_conformance()}; {line_6_machine()}"
