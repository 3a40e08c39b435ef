"""Issue 4's lines about the edges: hostile frames (1), exits (2), deaths, forks, no room (7); the machine of 8."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.prove import Failed
from tests.system import edges, exits, hostile_frames, machine, refusals
from tests.system.processes import ROOT, environment

FRAMES = 1_000_000


def native_under_asan(frames: int, seeds: int) -> str:
    """Feed mutated frames to the native path under ASan and UBSan, over the fake Aeron."""
    done = subprocess.run(
        [sys.executable, "tools/native_test.py", "asan", "--only", "test_hostile"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise Failed(done.stdout[-3000:] + done.stderr[-3000:])
    program = ROOT / "native" / "build" / "asan" / "test_hostile"
    for seed in range(1, seeds + 1):
        done = subprocess.run(
            [str(program)],
            env={**os.environ, "AB_HOSTILE_FRAMES": str(frames), "AB_HOSTILE_SEED": str(seed)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise Failed(f"seed {seed}: {done.stdout[-2000:]}{done.stderr[-3000:]}")
    return f"native path under ASan: {seeds} x {frames} mutated frames, nothing"


def line_1() -> str:
    """Hostile frames against a live UDP subscription; huge setups in a small tmpfs; the native path under ASan."""
    return "; ".join(
        (
            hostile_frames.under_fire(FRAMES, seed=1, flood=1000),
            hostile_frames.huge_setups(50),
            native_under_asan(FRAMES, 5),
        )
    )


def line_2() -> str:
    """The exit matrix, 20 times."""
    return exits.matrix(20)


def line_7() -> str:
    """Killed subscribers, forks, a full shared memory, no descriptors, broken CnC files, taken ports."""
    return "; ".join(
        (
            edges.killed_subscribers(47, 2.0),
            edges.killed_subscribers(3, 10.0),
            edges.forks(100),
            edges.full(20),
            refusals.full_at_start(),
            edges.descriptors(),
            refusals.truncated_cnc(7),
            refusals.port_in_use(),
            refusals.another_users_directory(),
        )
    )


def state_machine() -> str:
    """The machine of line 8: 5,000 examples over memory and 100 over a driver, and both again under ASan."""
    return "; ".join(
        (
            machine.own_process(5_000, 60, "memory"),
            machine.own_process(100, 60, "driver"),
            machine.under_asan(5_000, 60),
            machine.under_asan(20, 60, "driver"),
        )
    )
