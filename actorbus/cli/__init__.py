"""The command line: `actorbus` and `python -m actorbus`. Exit codes are those of `exits.py`."""

from __future__ import annotations

from actorbus.cli.main import main

__all__ = ["main"]
