"""Issue 5: declared and explained (topologies, command line, documents). CI runs the small versions."""

from __future__ import annotations
