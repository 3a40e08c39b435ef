"""Issue 7's lines about crashes: a recording process that is killed (2), and attacks on the native journal (3)."""

from __future__ import annotations

from tests.system import crashes, killed_nodes


def line_2() -> str:
    """Kill a recording process 200 times at random under full load, and a whole node with a recorder 40 times."""
    return f"{crashes.kills(200)}; {killed_nodes.kills(40)}"


def line_3() -> str:
    """Power loss, cuts, flips, sectors; repair after crashes and damage; failing calls, full disks; kills at calls."""
    return "; ".join(
        (
            crashes.power(100_000, seed=1000),
            crashes.media(1),
            crashes.salvage(20_000, seed=1000),
            crashes.failing(10, 50),
            crashes.full(50),
            crashes.injections(),
        )
    )
