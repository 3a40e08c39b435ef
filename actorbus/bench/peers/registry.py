"""Which systems there are, and which of them can run here."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Final, cast

from actorbus.bench.case import Peer
from actorbus.errors import UsageError

__all__ = ["LEFT_OUT", "MUST", "PEERS", "RECORDERS", "about", "find", "missing"]

PEERS: Final = {
    "actorbus": "actorbus.bench.peers.ours",
    "floor": "actorbus.bench.peers.native_floor",
    "pyaeron": "actorbus.bench.peers.pyaeron_raw",
    "pyaeron+msgspec": "actorbus.bench.peers.pyaeron_typed",
    "pyzmq": "actorbus.bench.peers.zmq_sockets",
    "multiprocessing": "actorbus.bench.peers.pipe",
    "pynng": "actorbus.bench.peers.nng_sockets",
    "iceoryx2": "actorbus.bench.peers.iceoryx",
}
RECORDERS: Final = {"java-archive": "actorbus.bench.peers.java_archive"}
"""Systems that only record: no Peer, `record` drives them by their own means."""
STAGES: Final = "actorbus.bench.peers.stages"
LEFT_OUT: Final = {
    "eclipse-zenoh": "hands messages over on threads of its own: it cannot take turns inside a pair of processes",
    "wingfoil": "runs a graph of its own that keeps the process, and drops what meets back pressure",
    "Pykka": "in one process only: nothing crosses, so there is no pair of processes to measure",
}
"""Others a user may think of, and why they are no rows of this bench."""
MUST: Final = ("actorbus", "floor", "pyaeron", "pyaeron+msgspec", "pyzmq", "multiprocessing")
"""Those of every report; the others run where they are installed, or are rows with the reason."""


def find(name: str) -> Peer:
    """Return a peer's module; a name `stage:...` is a part of ours.

    Raises:
        UsageError: there is no such system; names those there are.
        ImportError: its package is not installed.
    """
    if name.startswith("stage:"):
        return cast("Peer", importlib.import_module(STAGES))
    known = {**PEERS, **RECORDERS}
    if name not in known:
        raise UsageError(f"there is no system {name!r} in the bench", hint=f"one of {', '.join(known)}")
    return cast("Peer", importlib.import_module(known[name]))


def about(name: str) -> str:
    """Return what a system does and does not do."""
    return find(name).ABOUT


def missing(name: str) -> str | None:
    """Return why a system cannot run here, or None when it can."""
    if name in RECORDERS:
        why: str | None = importlib.import_module(RECORDERS[name]).missing()
        return why
    package = find(name).PACKAGE
    if not package:
        return None
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"{package} is not installed (pip install 'actorbus[bench]')"
    return None
