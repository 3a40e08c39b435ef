"""Durations and sizes with their units: ``100ms``, ``1.5s``, ``64k``, ``16m``.

Rules of this file:

* A text carries its unit. A bare number in a text is refused for durations (is ``5`` seconds or milliseconds?) and
  means bytes for sizes, as Aeron reads them.
* Units of size are powers of 1024 (``k``, ``m``, ``g``; upper case and a trailing ``b`` or ``ib`` are understood).
* Fractions are exact or refused: ``1.5s`` is 1,500,000,000 ns, ``0.3ns`` is an error.
* ``Duration`` and ``Size`` are ints (ns, bytes), so native code and arithmetic take them as they are; ``str()`` gives
  back the shortest text with a unit that parses to the same value and that Aeron reads too (integers only).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import Final, Self, override

from actorbus.errors import InvalidValue

__all__ = ["Duration", "Size", "duration_ns", "size_bytes"]

INT64_MAX: Final = 2**63 - 1  # both units travel through C as int64

_DURATION_UNITS: Final[dict[str, int]] = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # MICRO SIGN
    "μs": 1_000,  # GREEK SMALL LETTER MU
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_DURATION_FORMS: Final = 'write a number with ns, us, ms, s, m, h or d: "100ms", "1.5s"'
_SIZE_UNITS: Final[dict[str, int]] = {"": 1, "b": 1}
_SIZE_UNITS.update(
    {f"{letter}{tail}": 1024**power for power, letter in enumerate("kmg", 1) for tail in ("", "b", "ib")}
)
_SIZE_FORMS: Final = 'write a number of bytes with k, m or g (powers of 1024): "64k", "16m"'

_BOUNDS: Final = "write 0 or more; bytes and nanoseconds are counted as 64-bit numbers"

# At most 24 digits before the point and 12 after it: enough for int64 in any unit, and no text costs much to read.
_NUMBER_WITH_UNIT: Final = re.compile(
    r"\s*(?P<number>[0-9]{1,24}(?:\.[0-9]{1,12})?)\s*(?P<unit>[a-zµμ]*)\s*", re.IGNORECASE
)


def _parse(text: str, units: dict[str, int], what: str, forms: str) -> int:
    match = _NUMBER_WITH_UNIT.fullmatch(text)
    factor = units.get(match["unit"].lower()) if match else None
    if match is None or factor is None:
        raise InvalidValue(f"{text[:64]!r} is not a {what}", hint=forms)
    exact = Decimal(match["number"]) * factor
    value = int(exact)
    if value != exact:
        unit = "ns" if units is _DURATION_UNITS else "bytes"
        raise InvalidValue(f"{text!r} is not a whole number of {unit}", hint=forms)
    return _bounded(value, text, what)


def _bounded(value: int, given: object, what: str) -> int:
    if not 0 <= value <= INT64_MAX:
        raise InvalidValue(f"{given!r} is out of range for a {what}", why=f"allowed are 0 to {INT64_MAX}", hint=_BOUNDS)
    return value


def duration_ns(value: str | float | dt.timedelta) -> int:
    """Return nanoseconds from ``"100ms"``, a number of seconds, a timedelta or a ``Duration``.

    Raises:
        InvalidValue: not a duration, negative, not finite, or above int64 nanoseconds (292 years).
    """
    if isinstance(value, Duration):
        return int(value)
    if isinstance(value, str):
        return _parse(value, _DURATION_UNITS, "duration", _DURATION_FORMS)
    if isinstance(value, dt.timedelta):
        return _bounded(value // dt.timedelta(microseconds=1) * 1_000, value, "duration")
    if type(value) is int:
        return _bounded(value * 1_000_000_000, value, "duration")
    if isinstance(value, float) and math.isfinite(value):
        nanoseconds = value * 1e9
        return _bounded(round(nanoseconds) if math.isfinite(nanoseconds) else -1, value, "duration")
    raise InvalidValue(f"{value!r} is not a duration", hint=f"{_DURATION_FORMS}, or give seconds or a timedelta")


def size_bytes(value: str | int) -> int:
    """Return bytes from ``"64k"`` or a number of bytes.

    Raises:
        InvalidValue: not a size, negative, or above int64.
    """
    if isinstance(value, str):
        return _parse(value, _SIZE_UNITS, "size", _SIZE_FORMS)
    if isinstance(value, bool) or not isinstance(value, int):  # pyright: ignore[reportUnnecessaryIsInstance] - callers from YAML
        raise InvalidValue(f"{value!r} is not a size", hint=_SIZE_FORMS)
    return _bounded(int(value), value, "size")


class Duration(int):
    """Nanoseconds. ``Duration("100ms")``; a bare int is nanoseconds here, for values that come from arithmetic."""

    def __new__(cls, value: str | int | dt.timedelta) -> Self:
        """Parse a text or timedelta, or take nanoseconds. Raises InvalidValue."""
        if isinstance(value, int):
            return super().__new__(cls, _bounded(int(value), value, "duration"))
        return super().__new__(cls, duration_ns(value))

    @property
    def seconds(self) -> float:
        """The same as seconds, for Python's own functions."""
        return self / 1e9

    @override
    def __str__(self) -> str:
        for unit in ("s", "ms", "us"):  # the units Aeron's own parser has
            if int(self) % _DURATION_UNITS[unit] == 0:
                return f"{int(self) // _DURATION_UNITS[unit]}{unit}"
        return f"{int(self)}ns"

    @override
    def __repr__(self) -> str:
        return f"Duration({str(self)!r})"


class Size(int):
    """Bytes. ``Size("16m")``; a bare int is bytes."""

    def __new__(cls, value: str | int) -> Self:
        """Parse a text or take bytes. Raises InvalidValue."""
        return super().__new__(cls, size_bytes(value))

    @override
    def __str__(self) -> str:
        for unit in ("g", "m", "k"):
            if self and int(self) % _SIZE_UNITS[unit] == 0:
                return f"{int(self) // _SIZE_UNITS[unit]}{unit}"
        return str(int(self))

    @override
    def __repr__(self) -> str:
        return f"Size({str(self)!r})"
