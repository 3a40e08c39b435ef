"""How fast a recording is replayed: ``original``, ``4x``, a number, ``max``. Pure."""

from __future__ import annotations

import math
import re
from typing import Final

from actorbus.errors import InvalidValue

__all__ = ["MAX", "ORIGINAL", "SPEED_MAX", "SPEED_MIN", "parse_speed"]

MAX: Final = math.inf
"""As fast as it goes: no pauses."""
ORIGINAL: Final = 1.0
"""With the pauses of the recording."""
SPEED_MIN: Final = 1e-3
"""A pause of a second becomes 17 minutes; slower is a mistake of units."""
SPEED_MAX: Final = 1e6
"""A day becomes 86 ms; above it ``max`` is meant."""
_FORMS: Final = f'write original, max, or how many times faster, {SPEED_MIN:g} to {SPEED_MAX:g}: "4x", 0.5'
_TIMES: Final = re.compile(
    r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,12})?(?:e[+-]?[0-9]{1,2})?)\s*[x\u00d7]?", re.IGNORECASE
)


def parse_speed(value: str | float | None) -> float:
    """Return how many times faster than recorded: 1.0 for ``original``, ``math.inf`` for ``max`` and None.

    Raises:
        InvalidValue: not a speed, or not in SPEED_MIN .. SPEED_MAX.
    """
    if value is None:
        return MAX
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("original", "max"):
            return ORIGINAL if text == "original" else MAX
        times = _TIMES.fullmatch(text)
        if times is None:
            raise InvalidValue(f"{value[:64]!r} is not a speed", hint=_FORMS)
        number = float(times["number"])
    elif isinstance(value, bool) or not isinstance(value, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers from YAML
        raise InvalidValue(f"{value!r} is not a speed", hint=_FORMS)
    else:
        number = float(value)
    if number == MAX:
        return MAX
    if not SPEED_MIN <= number <= SPEED_MAX:
        raise InvalidValue(f"speed {value!r} is out of range", hint=_FORMS)
    return number
