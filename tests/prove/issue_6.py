"""Issue 6: speed: the bench, the peers, the figures. CI runs the small versions (tests/system/test_speed.py).

Lines 2 and 3 say something on an otherwise idle machine only; the bench itself warns when it was not.
"""

from __future__ import annotations

from tests.prove.speed import line_1, line_2, line_3, line_4, line_5, line_6

__all__ = ["line_1", "line_2", "line_3", "line_4", "line_5", "line_6"]
