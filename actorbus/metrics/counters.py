"""Counters and gauges: int64 in the statistics file, written by one owner, read by all.

Rules of this file:

* One writer a slot. A write is one aligned 64-bit store; ``add`` reads, adds and stores, so two writers lose counts.
* Until ``Statistics.close`` the numbers are those of the file; from then on a private copy, which goes on
  working: reading late is fine, and what is added late is seen by nobody else.
* The two tries in each method: ``detach`` may release the view after it was read here and before it is used. The second
  try finds the copy. (A number beyond int64 is a ValueError too, and is one again the second time.)
* Native code may write to ``address``; it must have ended before ``Statistics.close``.
"""

from __future__ import annotations

from typing import final, override

from actorbus.errors import ClosedError

__all__ = ["CounterBlock", "Gauge"]


class _Numbers:
    __slots__: tuple[str, ...] = ("_address", "_view", "group", "name")

    group: str
    name: str

    def __init__(self, group: str, name: str, address: int, view: memoryview) -> None:
        self.group = group
        self.name = name
        self._address = address
        self._view = view

    @property
    def address(self) -> int:
        """Where native code writes. ``ClosedError`` after the statistics were closed: nobody may write there then."""
        if self._address == 0:
            raise ClosedError(f"the statistics of {self.group} {self.name} are closed", hint="stop writers before")
        return self._address

    def detach(self) -> None:
        """Go on with a private copy. Called by ``Statistics`` before the memory goes."""
        if self._address == 0:
            return
        self._address = 0
        view = self._view
        self._view = memoryview(bytearray(view)).cast("q")
        view.release()  # whoever still holds it gets ValueError instead of unmapped memory

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.group}/{self.name}: {self._view.tolist()})"


@final
class CounterBlock(_Numbers):
    """Sixteen counters of one owner, indexed by a number or an ``IntEnum`` such as ``StreamCounter``.

    Made by ``Statistics.counter_block``.
    """

    __slots__: tuple[str, ...] = ()

    def add(self, index: int, number: int = 1) -> None:
        """Add to one counter. By its owner's thread only."""
        try:
            self._view[index] += number
        except ValueError:  # see rules
            self._view[index] += number

    def read(self) -> tuple[int, ...]:
        """Return all sixteen. Any thread."""
        try:
            return tuple(self._view)
        except ValueError:
            return tuple(self._view)

    def __getitem__(self, index: int) -> int:
        try:
            return self._view[index]
        except ValueError:
            return self._view[index]

    def __setitem__(self, index: int, number: int) -> None:
        try:
            self._view[index] = number
        except ValueError:
            self._view[index] = number

    def __len__(self) -> int:
        return len(self._view)


@final
class Gauge(_Numbers):
    """One number that goes up and down. Made by ``Statistics.gauge``."""

    __slots__: tuple[str, ...] = ()

    def set(self, number: int) -> None:
        """Store a number. By its owner's thread only."""
        try:
            self._view[0] = number
        except ValueError:
            self._view[0] = number

    def add(self, number: int) -> None:
        """Add to the number. By its owner's thread only."""
        self.set(self.read() + number)

    def read(self) -> int:
        """Return the number. Any thread."""
        try:
            return self._view[0]
        except ValueError:
            return self._view[0]
