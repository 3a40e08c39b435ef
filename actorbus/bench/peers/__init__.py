"""The systems that are measured side by side: ours, the floor below it, and what a Python user would take instead.

Each module knows one system, in the way its own documentation shows; `find(name)` imports it when it is asked for.
"""

from __future__ import annotations

from actorbus.bench.peers.registry import (
    MUST,
    PEERS,
    RECORDERS,
    ability,
    about,
    can,
    code_of,
    find,
    missing,
    package,
    ran,
)

__all__ = ["MUST", "PEERS", "RECORDERS", "ability", "about", "can", "code_of", "find", "missing", "package", "ran"]
