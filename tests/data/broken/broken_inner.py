"""Calls what raises while it is imported."""

from __future__ import annotations


def limit(text: str) -> int:
    return int(text)


Range = Halt = limit("fifty")
