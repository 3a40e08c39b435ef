"""What the tools tell about a recording: records, no behaviour."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

__all__ = ["Fault", "Repaired", "Told", "Verified"]

type Told = Callable[[int, int], None]
"""Called now and then with the bytes done and the bytes in all."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that is not as it was written."""

    file: str
    offset: int
    """In the file; -1 unknown."""
    sequence: int
    """Expected there; -1 unknown."""
    text: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What reading everything found."""

    segments: int
    records: int
    """Whole ones."""
    bytes: int
    """Read."""
    first_sequence: int
    next_sequence: int
    """One more than the last whole record's."""
    end_position: int
    tail_bytes: int = 0
    """Of a torn end, which recovery will cut: reported, no fault."""
    tail_records: int = 0
    """Whole ones in it, behind the tear: never acknowledged, and cut off with it."""
    lost: int = 0
    """Records in damaged places, as far as can be told."""
    faults: tuple[Fault, ...] = ()
    """The first of them, FAULTS_MAX at most."""
    fault_count: int = 0
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether every record that was durable is what was written."""
        return self.fault_count == 0


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What a repair did."""

    holes: int = 0
    """Damaged places that say from now on which records are lost."""
    cuts: int = 0
    """Ends cut off."""
    headers: int = 0
    """Segments whose header was made anew; one that was missing is a hole now."""
    lost: int = 0
    """Records in them."""
    copied_bytes: int = 0
    """Into ``quarantine/``, before anything was changed."""
    next_sequence: int = 0


FAULTS_MAX = 1000
