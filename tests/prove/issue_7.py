"""Issue 7: the recorder and its journal. CI runs the small versions."""

from __future__ import annotations

from tests.prove.crashes import line_2, line_3
from tests.prove.joins import line_4
from tests.prove.recorder_speed import line_5
from tests.prove.recordings import line_6

__all__ = ["line_2", "line_3", "line_4", "line_5", "line_6"]
