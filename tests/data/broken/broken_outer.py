"""Imports a module that does not import."""

from __future__ import annotations

from broken_inner import Halt, Range

__all__ = ["Halt", "Range"]
