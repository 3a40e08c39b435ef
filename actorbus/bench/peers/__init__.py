"""The systems that are measured side by side: ours, the floor below it, and what a Python user would take instead.

Each module knows one system, in the way its own documentation shows; `find(name)` imports it when it is asked for.
"""

from __future__ import annotations

from actorbus.bench.peers.registry import LEFT_OUT, MUST, PEERS, RECORDERS, about, find, missing

__all__ = ["LEFT_OUT", "MUST", "PEERS", "RECORDERS", "about", "find", "missing"]
