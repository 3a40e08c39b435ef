"""Find and load the Aeron library (architecture D8).

Tried in order: an explicit path (argument, else ACTORBUS_AERON_LIBRARY), which must do; a system `libaeron` (with
`libaeron_driver` for the media driver); the library inside the `pyaeron` wheel, which carries client and driver.
The first that has every function we use, in a version we know, is taken; it stays for the life of the process.

Thread: any; the first call loads, later ones return what was found.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from pathlib import Path
from typing import NamedTuple

from actorbus.errors import LibraryMissing, UsageError
from actorbus.ffi.failure import error_text, new_error
from actorbus.ffi.native import ffi, lib

__all__ = ["Versions", "load", "wheel_library"]

ENVIRONMENT = "ACTORBUS_AERON_LIBRARY"
SYSTEM_CLIENT = "libaeron.so"
SYSTEM_DRIVER = "libaeron_driver.so"


class Versions(NamedTuple):
    """What was loaded."""

    aeron: tuple[int, int, int]
    """Version of the library: major, minor, patch."""
    text: str
    """Aeron's own full version text, with its commit."""
    library: str
    """Path, or the name the dynamic linker knows."""
    has_driver: bool
    """Whether it can run a media driver, not only connect to one."""


_lock = threading.Lock()
_loaded: Versions | None = None


def wheel_library() -> Path | None:
    """Return the shared library inside the installed `pyaeron` package, which is not imported; None without it."""
    spec = importlib.util.find_spec("pyaeron")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("_pyaeron*.so"))
    return found[0] if found else None


def load(path: str | os.PathLike[str] | None = None) -> Versions:
    """Load Aeron, once a process.

    Args:
        path: the library to take, instead of looking for one.

    Raises:
        LibraryMissing: none loads; the text has each one tried and why not.
        UsageError: another library than `path` is loaded already.
    """
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _load(path)
        elif path is not None and os.fspath(path) != _loaded.library:
            raise UsageError(
                f"the Aeron library {_loaded.library} is loaded already",
                why=f"a process keeps one; asked for was {os.fspath(path)}",
                hint="give the path before anything else is opened",
            )
        return _loaded


def _load(path: str | os.PathLike[str] | None) -> Versions:
    explicit = path if path is not None else os.environ.get(ENVIRONMENT)
    if explicit is not None:
        candidates = [os.fspath(explicit)]
    else:
        wheel = wheel_library()
        candidates = [SYSTEM_CLIENT, *([str(wheel)] if wheel is not None else [])]
    reasons: list[str] = []
    for candidate in candidates:
        error = new_error()
        if lib.ab_aeron_load(os.fsencode(candidate), error) != lib.AB_OK:
            reasons.append(error_text(error))
            continue
        if lib.ab_aeron_loaded() == 1:
            beside = Path(candidate).with_name(SYSTEM_DRIVER) if "/" in candidate else SYSTEM_DRIVER
            lib.ab_aeron_load_driver(os.fsencode(beside), error)  # without one, embedded drivers say so
        number = lib.ab_aeron_version_number()
        return Versions(
            aeron=(number // 1_000_000, number // 1000 % 1000, number % 1000),
            text=ffi.string(lib.ab_aeron_version()).decode("utf-8", "replace"),
            library=candidate,
            has_driver=lib.ab_aeron_loaded() == 2,
        )
    raise LibraryMissing(
        "no Aeron library could be loaded",
        why="; ".join(reasons),
        hint="python -m pip install pyaeron==0.1.0, or name a library in " + ENVIRONMENT,
    )
