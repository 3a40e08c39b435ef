"""The compiled module, for this package and the few others that call its pure functions.

`lib` has the functions and constants of native/*.h, `ffi` makes C values. Both are typed by `actorbus/_native.pyi`,
which is made from the same headers. Nothing here may be called before `load()` but functions that need no Aeron
(walk, clock, statistics, histogram, events).
"""

from __future__ import annotations

from actorbus.errors import LibraryMissing

try:
    from actorbus._native import ffi, lib
except ImportError as error:  # a checkout that was not built yet, or another platform's file
    raise LibraryMissing(
        "actorbus's native part is not there",
        where="actorbus/_native.abi3.so",
        why=str(error),
        hint="build it: python native/build_native.py (needs a C compiler)",
    ) from error

__all__ = ["ffi", "lib"]
