"""Issue 7: the recorder and its journal. CI runs the small versions."""

from __future__ import annotations
