"""What a recording may forget: by age, by size, and never what the slowest consumer still needs. Pure.

Rules of this file:

* Whole segments are removed, oldest first, so what stays is contiguous; the one written to stays always.
* A segment goes when some rule gives it up (older than ``age``, or beyond ``size`` counted from the newest) *and* every
  consumer is behind its end. No rules: nothing goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from actorbus.errors import InvalidValue

__all__ = ["Retention", "Segment", "removable"]


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """The rules; None is no rule.

    Raises:
        InvalidValue: an age or size that is not positive.
    """

    age_ns: int | None = None
    """Records older than this may go: a segment whose newest record is."""
    size_bytes: int | None = None
    """Segments may go while all of them together are larger."""
    consumers: bool = True
    """Whether segments that a consumer of ``consumers/`` has not read stay."""

    def __post_init__(self) -> None:
        for what, value in (("age", self.age_ns), ("size", self.size_bytes)):
            if value is not None and value <= 0:
                raise InvalidValue(f"retention {what} {value} is not positive", hint="leave it out to keep everything")


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a recording's log."""

    path: str
    first_position: int
    end_position: int
    """Where the next one begins."""
    first_sequence: int
    next_sequence: int
    """One more than its last record's."""
    last_time_ns: int
    """Of its newest record; 0 when it has none."""
    bytes: int
    """What the file takes on the disk."""


def removable(
    segments: Sequence[Segment], retention: Retention, *, now_ns: int, consumers: Mapping[str, int] | None = None
) -> tuple[int, tuple[str, ...]]:
    """Return how many of the oldest segments may go, and why the next one stays though a rule gave it up.

    Args:
        segments: all of them, oldest first; the last is the one written to.
        retention: the rules.
        now_ns: nanoseconds since 1970.
        consumers: name to position, of all that resume.
    """
    needed = dict(consumers or {}) if retention.consumers else {}
    total = sum(segment.bytes for segment in segments)
    count = 0
    for segment in segments[:-1]:
        too_old = retention.age_ns is not None and segment.last_time_ns < now_ns - retention.age_ns
        too_much = retention.size_bytes is not None and total > retention.size_bytes
        if not (too_old or too_much):
            break
        if slow := sorted(name for name, position in needed.items() if position < segment.end_position):
            return count, tuple(f"consumer {name} is at position {needed[name]}" for name in slow)
        total -= segment.bytes
        count += 1
    return count, ()
