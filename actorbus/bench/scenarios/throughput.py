"""`throughput`: typed messages to a handler, fixed layouts, columns, and bytes at four sizes.

typed     systems on Aeron are fed by the same native flood, so that the reader is measured; then every system by its
          own calls, sockets and graphs beside them, with our batch frames as a lane
struct    our handler reads two fields where they lie; beside it struct.unpack_from by hand, and msgpack decoded
columns   arrays on both sides; beside it numpy by hand, and native code with one record a message and in batch frames
bytes     every system with its own publish call; the reader compares every byte; above 10,000 bytes with the largest
          MTU on IPC
"""

from __future__ import annotations

import importlib.util

import msgspec

from actorbus.bench.case import IPC, Case
from actorbus.bench.scenarios.comparing import compare
from actorbus.bench.scenarios.registry import Session

__all__ = ["run"]

TYPED = ("actorbus", "pyaeron+msgspec", "floor")
STRUCT = ("actorbus", "pyaeron+struct", "floor")
COLUMNS = ("actorbus", "pyaeron+numpy", "floor")
OWN = ("pyaeron+msgspec", "pyzmq", "multiprocessing", "pynng", "eclipse-zenoh", "iceoryx2", "wingfoil")
SIZED = ("actorbus", "pyaeron", "floor", "pyzmq", "multiprocessing", "pynng", "eclipse-zenoh", "iceoryx2")
HELD = ("actorbus", "pyaeron")
SIZES = ((32, "32 B"), (1024, "1 KB"), (10_240, "10 KB"), (102_400, "100 KB"))
LARGE = 10_000
SHARE = 0.34
"""Of the usual turns, where many lanes are compared."""


def run(session: Session) -> None:
    """Measure."""
    effort, empty = session.effort, Case(system="actorbus")

    def lanes(names: tuple[str, ...], **changes: object) -> list[Case]:
        return [msgspec.structs.replace(empty, system=name, **changes) for name in names if session.can(name)]

    compare(session, "typed, handler a message", lanes(TYPED))
    compare(session, "typed, batch handler", lanes(TYPED, batch=True))
    msgpack = lanes(("pyaeron+msgspec",), labelled="pyaeron+msgspec, msgpack")
    compare(session, "struct, two of five fields", [*lanes(STRUCT, form="struct"), *msgpack])
    if importlib.util.find_spec("numpy") is None:
        session.skipped["columns"] = "numpy is not installed (python -m pip install numpy)"
    else:
        batched = lanes(("floor",), form="columns", frames=True, labelled="floor, batch frames")
        compare(session, "columns, publish_columns", [*lanes(COLUMNS, form="columns"), *batched])
    if not effort.judged:
        frames = lanes(("actorbus",), own_publish=True, frames=True, labelled="actorbus, batch frames")
        own = [*lanes(("actorbus",), own_publish=True), *frames, *lanes(OWN, own_publish=True)]
        compare(session, "typed, by its own calls", own, share=SHARE)
    for size, label in SIZES[1:] if effort.judged else SIZES[:: 2 if effort.quick else 1]:
        channel = f"{IPC}|mtu=65504" if size > LARGE else IPC
        names = HELD if effort.judged else SIZED
        compare(session, f"bytes, {label}", lanes(names, size=size, channel=channel, own_publish=True), share=SHARE)
