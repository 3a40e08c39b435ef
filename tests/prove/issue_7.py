"""Issue 7: the recorder and its journal. CI runs the small versions."""

from __future__ import annotations

from tests.prove.crashes import line_2, line_3
from tests.prove.joins import line_4
from tests.prove.recorder_speed import line_5
from tests.prove.recordings import line_6
from tests.prove.replays import demo_bars, replayed
from tests.prove.resume import killed

__all__ = ["line_1", "line_2", "line_3", "line_4", "line_5", "line_6"]


def line_1() -> str:
    """The demo records and replays byte for byte, from the middle exactly; 50 kills of a handler with `resume`."""
    return f"{replayed(demo_bars())}; {killed(50)}"
