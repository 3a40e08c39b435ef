"""Small version of issue 3, line 5: 40 cycles in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.system.processes import environment


def test_forty_start_stop_cycles_leave_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.system.cycles", "40"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout)
    assert result["left"] == []
    assert result["logged"] == []
    assert result["rss_anon_growth_kib"] <= 2048
