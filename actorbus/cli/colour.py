"""Colours, where they are wanted: on a terminal, unless NO_COLOR is set (to anything) or TERM is dumb."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Literal, TextIO

__all__ = ["Style", "is_wanted", "paint"]

type Style = Literal["error", "warning", "ok", "caret", "quiet"]

_CODES: Final[Mapping[Style, str]] = {
    "error": "1;31",
    "warning": "1;33",
    "ok": "32",
    "caret": "1;36",
    "quiet": "2",
}


def is_wanted(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Whether text that goes to this stream may carry colours (no-color.org)."""
    given = os.environ if environment is None else environment
    return stream.isatty() and not given.get("NO_COLOR") and given.get("TERM") != "dumb"


def paint(text: str, style: Style, *, colour: bool) -> str:
    """Return the text in a style, or as it is."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if colour else text
