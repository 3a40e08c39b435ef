"""Issue 6: speed: the bench, the peers, the figures. CI runs the small versions."""

from __future__ import annotations
