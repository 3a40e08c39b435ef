"""Issue 4: it cannot be hurt. Each line is a function of the module that proves it; CI runs the small versions."""

from __future__ import annotations

from tests.prove.back_pressure import line_3, line_4
from tests.prove.conformance import line_8
from tests.prove.edges import line_1, line_2, line_7
from tests.prove.mailboxes import line_5, line_6

__all__ = ["line_1", "line_2", "line_3", "line_4", "line_5", "line_6", "line_7", "line_8"]
