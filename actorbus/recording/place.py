"""Where in a recording: a record's number, a byte position, a moment; and the texts and mappings that say so.

    live | earliest | {sequence: 100} | {position: 4096} | {time: 2026-03-02T09:30:00Z}            in a topology
    "live" | "earliest" | ab.Sequence(100) | ab.Position(4096) | datetime(..., tzinfo=UTC)         in Python
    live | earliest | 100 | sequence:100 | position:4096 | 2026-03-02T09:30:00.000000001Z          on the command line

Rules of this file:

* Pure. Everything that is not a place is an InvalidValue that names the value, the bound and the forms allowed.
* A start is the first record to come, an end the first that does not come any more: ``start=Sequence(10),
  end=Sequence(20)`` are ten records. A record's position is the one *behind* it: the first record that comes has a
  position greater than the start, the last one of at most the end; so ``Position(last.position)`` goes on after it.
* A moment has a time zone (a naive datetime means another moment on another machine) and is compared with the
  recording's time, nanoseconds since 1970.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final, Literal, Self, cast, override

import msgspec

from actorbus.errors import InvalidValue
from actorbus.limits import INT64_MAX

__all__ = ["EARLIEST", "LIVE", "NOW", "Place", "Position", "Sequence", "parse_end", "parse_place", "parse_start"]

FORMS: Final = (
    "write live, earliest, {sequence: 100}, {position: 4096} or {time: 2026-03-02T09:30:00Z}; in Python also"
    " ab.Sequence(100), ab.Position(4096) or a datetime with a time zone"
)
_COUNTED: Final = re.compile(r"(?:(?P<kind>sequence|position)\s*[:=]\s*)?(?P<number>[0-9]{1,20})")
_FRACTION: Final = re.compile(r"(?<=:[0-9]{2})[.,](?P<digits>[0-9]{1,12})")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


def _bounded(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue(f"{what} {value!r} is not an integer", hint=f"give 0 to {INT64_MAX}")
    if not 0 <= value <= INT64_MAX:
        raise InvalidValue(f"{what} {value} is out of range", why=f"allowed are 0 to {INT64_MAX}")
    return int(value)


class Sequence(int):
    """The number of a record in its recording: from 0, contiguous over streams and publishers."""

    def __new__(cls, value: int) -> Self:
        """Take a number, 0 to int64's largest. Raises InvalidValue."""
        return super().__new__(cls, _bounded(value, "sequence"))

    @override
    def __repr__(self) -> str:
        return f"Sequence({int(self)})"


class Position(int):
    """A byte position in a recording's log; a record's is the one behind it."""

    def __new__(cls, value: int) -> Self:
        """Take a position, 0 to int64's largest. Raises InvalidValue."""
        return super().__new__(cls, _bounded(value, "position"))

    @override
    def __repr__(self) -> str:
        return f"Position({int(self)})"


class Place(msgspec.Struct, frozen=True):
    """A place in a recording, whatever form it was given in."""

    kind: Literal["live", "earliest", "sequence", "position", "time", "now"]
    """``live``: what comes from now on. ``earliest``: the first record there is. ``now``: the end at this moment."""
    value: int = 0
    """The sequence, the position, or nanoseconds since 1970; 0 for the others."""

    @property
    def is_live(self) -> bool:
        """Whether no recording is needed for it."""
        return self.kind == "live"

    @override
    def __str__(self) -> str:
        if self.kind in ("live", "earliest", "now"):
            return self.kind
        return f"time {time_text(self.value)}" if self.kind == "time" else f"{self.kind} {self.value}"


LIVE: Final = Place("live")
EARLIEST: Final = Place("earliest")
NOW: Final = Place("now")
_NAMED: Final = {"live": LIVE, "earliest": EARLIEST, "now": NOW}

type Given = str | int | Sequence | Position | dt.datetime | Mapping[str, object] | Place


def parse_start(value: Given | None) -> Place:
    """Return where to begin; None is ``live``.

    Raises:
        InvalidValue: not a place; ``now`` and bare numbers are none (is it a sequence or a position?).
    """
    if value is None:
        return LIVE
    if type(value) is int:
        raise InvalidValue(f"start {value} may be a sequence or a position", hint=FORMS)
    place = parse_place(value)
    if place.kind == "now":
        raise InvalidValue("start now", hint="write live for what comes from now on")
    return place


def parse_end(value: Given | None) -> Place | None:
    """Return where to stop, None for never; ``now`` is the end of the recording when the reading begins.

    Raises:
        InvalidValue: not a place; ``live`` and ``earliest`` are no ends.
    """
    if value is None:
        return None
    if type(value) is int:
        raise InvalidValue(f"end {value} may be a sequence or a position", hint=FORMS)
    place = parse_place(value)
    if place.kind in ("live", "earliest"):
        raise InvalidValue(f"end {place.kind}", hint="leave it out to go on live, or write now, a sequence or a time")
    return place


def parse_place(value: Given) -> Place:
    """Return the place that a text, a mapping or a Python value names; a bare number is a sequence.

    Raises:
        InvalidValue: names the value and the forms.
    """
    match value:
        case Place():
            return value
        case Position():
            return Place("position", int(value))
        case bool():
            raise InvalidValue(f"{value!r} is not a place in a recording", hint=FORMS)
        case int():  # a Sequence too
            return Place("sequence", _bounded(value, "sequence"))
        case dt.datetime():
            return Place("time", time_ns_of(value))
        case str():
            return _of_text(value)
        case Mapping():
            return _of_mapping(value)
        case _:  # pyright: ignore[reportUnnecessaryComparison] - callers from YAML
            raise InvalidValue(f"{value!r} is not a place in a recording", hint=FORMS)


def _of_text(text: str) -> Place:
    plain = text.strip()
    if plain.lower() in _NAMED:
        return _NAMED[plain.lower()]
    if counted := _COUNTED.fullmatch(plain):
        kind = cast("Literal['sequence', 'position'] | None", counted["kind"]) or "sequence"
        return Place(kind, _bounded(int(counted["number"]), kind))
    return Place("time", _time_of_text(plain.removeprefix("time:").strip(), text))


def _of_mapping(given: Mapping[str, object]) -> Place:
    if len(given) != 1 or not given.keys() <= {"sequence", "position", "time"}:
        raise InvalidValue(f"{dict(given)!r} is not a place in a recording", why="it has one key", hint=FORMS)
    kind, value = next(iter(given.items()))
    if kind != "time":
        return Place("sequence" if kind == "sequence" else "position", _bounded(value, kind))
    if isinstance(value, dt.datetime):
        return Place("time", time_ns_of(value))
    if isinstance(value, str):
        return Place("time", _time_of_text(value.strip(), value))
    return Place("time", _bounded(value, "time in nanoseconds since 1970"))


def time_ns_of(moment: dt.datetime) -> int:
    """Return nanoseconds since 1970 of a datetime with a time zone.

    Raises:
        InvalidValue: no time zone, or before 1970 or behind 2262.
    """
    if moment.utcoffset() is None:
        hint = "give datetime(..., tzinfo=timezone.utc), or end the text with Z or +01:00"
        raise InvalidValue(f"the time {moment.isoformat()} has no time zone", hint=hint)
    return _bounded((moment - _EPOCH) // _MICROSECOND * 1000, f"time {moment.isoformat()} in nanoseconds")


def _time_of_text(text: str, given: str) -> int:
    """Return nanoseconds of an ISO 8601 text; fractions to the nanosecond, which datetime itself does not keep."""
    fraction = _FRACTION.search(text)
    digits = fraction["digits"] if fraction else ""
    try:
        whole = dt.datetime.fromisoformat(_FRACTION.sub("", text, count=1))
    except ValueError as error:
        raise InvalidValue(f"{given[:64]!r} is not a place in a recording", why=str(error), hint=FORMS) from error
    if len(digits) > 9:
        raise InvalidValue(f"{given[:64]!r} is finer than a nanosecond", hint="give at most 9 decimals")
    return _bounded(time_ns_of(whole) + int(digits.ljust(9, "0") or 0), f"time {given[:64]} in nanoseconds")


def time_text(time_ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 in UTC, exact: ``2026-03-02T09:30:00.000000001Z``."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    moment = _EPOCH + dt.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z" if rest else f"{moment:%Y-%m-%dT%H:%M:%S}Z"
