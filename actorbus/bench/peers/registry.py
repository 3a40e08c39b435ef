"""Which systems there are, which of them can run here, what each can be asked for, and where its code is."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any, Final, cast

from actorbus.bench.case import Case, Peer
from actorbus.errors import UsageError

__all__ = ["MUST", "PEERS", "RECORDERS", "ability", "about", "can", "code_of", "find", "missing", "package", "ran"]

PEERS: Final = {
    "actorbus": "actorbus.bench.peers.ours",
    "floor": "actorbus.bench.peers.native_floor",
    "pyaeron": "actorbus.bench.peers.pyaeron_raw",
    "pyaeron+msgspec": "actorbus.bench.peers.pyaeron_typed",
    "pyaeron+struct": "actorbus.bench.peers.pyaeron_struct",
    "pyaeron+numpy": "actorbus.bench.peers.pyaeron_numpy",
    "pyzmq": "actorbus.bench.peers.zmq_sockets",
    "multiprocessing": "actorbus.bench.peers.pipe",
    "pynng": "actorbus.bench.peers.nng_sockets",
    "eclipse-zenoh": "actorbus.bench.peers.zenoh_session",
    "iceoryx2": "actorbus.bench.peers.iceoryx",
    "wingfoil": "actorbus.bench.peers.wingfoil_graph",
    "Pykka": "actorbus.bench.peers.pykka_actors",
}
RECORDERS: Final = {"java-archive": "actorbus.bench.peers.java_archive"}
"""Systems that only record: no Peer, `record` drives them by their own means."""
STAGES: Final = "actorbus.bench.peers.stages"
MUST: Final = ("actorbus", "floor", "pyaeron", "pyaeron+msgspec", "pyzmq", "multiprocessing")
"""Those of every report; the others run where they can, or are rows with the reason why they cannot."""


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


def can(name: str, way: str) -> bool:
    """Return whether a system does something that not every one does: `ping`, `sender`, `alone`, `at_rest`."""
    return hasattr(find(name), way)


def ability(name: str, way: str) -> Callable[..., Any]:
    """Return that.

    Raises:
        NotImplementedError: it does not.
    """
    found = getattr(find(name), way, None)
    if found is None:
        raise NotImplementedError(f"{name} has no {way}")
    return cast("Callable[..., Any]", found)


def about(name: str) -> str:
    """Return what a system does and does not do."""
    return find(name).ABOUT


def package(name: str) -> str:
    """Return the distribution a system is, empty for none of its own."""
    return find(name).PACKAGE


def missing(name: str) -> str | None:
    """Return why a system cannot run here, or None when it may; whether it does is seen when it runs."""
    if name in RECORDERS:
        why: str | None = importlib.import_module(RECORDERS[name]).missing()
        return why
    wanted = find(name).PACKAGE
    if not wanted:
        return None
    try:
        metadata.version(wanted)
    except metadata.PackageNotFoundError:
        return f"{wanted} is not installed (python -m pip install {wanted})"
    return None


def ran(case: Case, way: str) -> list[str]:
    """Return the names of what does a way of a case, both sides: `module:name`, for `code_of`."""
    return [
        f"{each.__module__}:{each.__qualname__}" for each in cast("Sequence[Any]", find(case.system).ran(case, way))
    ]


def code_of(name: str) -> tuple[str, str]:
    """Return file (from the project's root) and source of what `ran` named."""
    module, _, place = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in place.split("."):
        found = getattr(found, part)
    return module.replace(".", "/") + ".py", inspect.getsource(found)
