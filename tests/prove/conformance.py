"""Issue 4, line 8: the conformance suite holds in-process, over IPC and over UDP; and the state machine of edges.py."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.prove import Failed
from tests.prove.edges import state_machine
from tests.system.processes import environment

__all__ = ["line_8", "line_8_conformance"]

ROOT = Path(__file__).resolve().parent.parent.parent
TRANSPORTS = ("in-process", "ipc", "udp")
TIMEOUT_S = 600
PASSED = re.compile(r"^(?P<test>\S+::\w+\[(?P<parameters>[^\]]*)\]) PASSED", re.MULTILINE)


def line_8_conformance() -> str:
    """Run the suite and count, by transport, what held; each must have run the same tests.

    Raises:
        Failed: a test did not hold, or was not run on every transport.
    """
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--color=no", "tests/conformance"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise Failed(f"the conformance suite ended with {done.returncode}: {done.stdout[-3000:]}{done.stderr[-500:]}")
    runs = [found["parameters"] for found in PASSED.finditer(done.stdout)]
    held = Counter(name for parameters in runs for name in TRANSPORTS if name in parameters)
    if len(set(held.values())) != 1 or set(held) != set(TRANSPORTS):
        raise Failed(f"the transports did not run the same tests: {dict(held)}")
    return f"{held['ipc']} conformance tests hold on each of {', '.join(TRANSPORTS)}"


def line_8() -> str:
    """Both halves: the suite, then the state machine in memory and on a real driver, plainly and under ASan."""
    return f"{line_8_conformance()}; {state_machine()}"
