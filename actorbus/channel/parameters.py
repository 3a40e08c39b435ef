"""The parameters of an Aeron channel URI: what each is called, what it may say, how it is written.

Rules of this file:

* A table, not code: a parameter is a row. Names are Aeron's (``term-length``); a mapping in YAML writes them with
  underscores, and three of them by friendlier words (ALIASES).
* A row's kind parses a value into what we compute with and writes it the way Aeron's own parser reads: sizes with
  ``k``/``m``/``g``, durations as whole ``s``/``ms``/``us``/``ns``, booleans as ``true``/``false``.
* Nothing is looked up in the network: a host name is checked for its shape alone.
"""

from __future__ import annotations

import enum
import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from actorbus.errors import InvalidValue
from actorbus.limits import (
    FRAME_ALIGNMENT_BYTES,
    MAX_RESEND_MAX,
    MTU_MAX_BYTES,
    MTU_MIN_BYTES,
    TERM_LENGTH_MAX_BYTES,
    TERM_LENGTH_MIN_BYTES,
)
from actorbus.units import Duration, Size

__all__ = [
    "ALIASES",
    "PARAMETERS",
    "Kind",
    "Media",
    "Parameter",
    "Value",
    "channel_parameters",
    "parse_value",
    "write_value",
]

type Value = str | int | bool
"""A parsed parameter: Size and Duration are ints."""


class Media(enum.StrEnum):
    """What carries a channel."""

    IPC = "ipc"
    UDP = "udp"


class Kind(enum.Enum):
    """How a parameter's value is read and written."""

    TEXT = "text"
    ADDRESS = "host:port"
    SIZE = "size"
    DURATION = "duration"
    BOOLEAN = "true or false"
    INT32 = "a 32-bit integer"
    CHOICE = "one of a list"


class Parameter(msgspec.Struct, frozen=True):
    """A row of the table: which media know it, how it is read, and its bounds."""

    kind: Kind
    media: tuple[Media, ...] = (Media.IPC, Media.UDP)
    low: int | None = None
    high: int | None = None
    multiple_of: int | None = None
    power_of_two: bool = False
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    """What a text looks like, and `forms` says it in words."""
    forms: str = ""
    words: tuple[str, ...] = ()
    """Texts allowed besides the kind: ``session-id=tag:7``; one that ends in ``:`` is a prefix."""


_UDP: Final = (Media.UDP,)
# "min,g:101/3,t:5s": a strategy, then a group tag and/or its least size, and how long a silent receiver counts.
_FLOW_CONTROL: Final = (
    r"max(,rrwm:[1-9][0-9]{0,8})?"
    r"|(min|tagged)(,(g:(-?[0-9]{1,18})?(/[0-9]{1,9})?|t:[0-9]{1,18}(ns|us|ms|s)?)){0,2}"
)
_FLOW_CONTROL_FORMS: Final = "write max, min or tagged; with options: min,g:/3,t:5s"
_I32: Final = {"low": -(2**31), "high": 2**31 - 1}

PARAMETERS: Final[dict[str, Parameter]] = {
    # where
    "endpoint": Parameter(Kind.ADDRESS, _UDP),
    "interface": Parameter(Kind.TEXT, _UDP),
    "control": Parameter(Kind.ADDRESS, _UDP),
    "control-mode": Parameter(Kind.CHOICE, choices=("manual", "dynamic", "response")),
    "ttl": Parameter(Kind.INT32, _UDP, low=0, high=255),
    "alias": Parameter(Kind.TEXT),
    "tags": Parameter(Kind.TEXT),
    "session-id": Parameter(Kind.INT32, low=_I32["low"], high=_I32["high"], words=("tag:",)),
    "stream-id": Parameter(Kind.INT32, low=_I32["low"], high=_I32["high"]),
    # the log
    "term-length": Parameter(Kind.SIZE, low=TERM_LENGTH_MIN_BYTES, high=TERM_LENGTH_MAX_BYTES, power_of_two=True),
    "mtu": Parameter(Kind.SIZE, low=MTU_MIN_BYTES, high=MTU_MAX_BYTES, multiple_of=FRAME_ALIGNMENT_BYTES),
    "init-term-id": Parameter(Kind.INT32, low=_I32["low"], high=_I32["high"]),
    "term-id": Parameter(Kind.INT32, low=_I32["low"], high=_I32["high"]),
    "term-offset": Parameter(Kind.INT32, low=0, high=TERM_LENGTH_MAX_BYTES, multiple_of=FRAME_ALIGNMENT_BYTES),
    "sparse": Parameter(Kind.BOOLEAN),
    "eos": Parameter(Kind.BOOLEAN),
    "linger": Parameter(Kind.DURATION),
    # flow and loss
    "reliable": Parameter(Kind.BOOLEAN, _UDP),
    "fc": Parameter(Kind.TEXT, _UDP, pattern=_FLOW_CONTROL, forms=_FLOW_CONTROL_FORMS),
    "cc": Parameter(Kind.CHOICE, _UDP, choices=("static", "cubic")),
    "gtag": Parameter(Kind.TEXT, _UDP),
    "group": Parameter(Kind.CHOICE, choices=("true", "false", "infer")),
    "rejoin": Parameter(Kind.BOOLEAN),
    "tether": Parameter(Kind.BOOLEAN),
    "ssc": Parameter(Kind.BOOLEAN),
    "nak-delay": Parameter(Kind.DURATION, _UDP),
    "max-resend": Parameter(Kind.INT32, _UDP, low=1, high=MAX_RESEND_MAX),
    "untethered-window-limit-timeout": Parameter(Kind.DURATION),
    "untethered-linger-timeout": Parameter(Kind.DURATION),
    "untethered-resting-timeout": Parameter(Kind.DURATION),
    "rcv-wnd": Parameter(Kind.SIZE, _UDP, low=1),
    "pub-wnd": Parameter(Kind.SIZE, low=1),
    # sockets
    "so-sndbuf": Parameter(Kind.SIZE, _UDP, low=1),
    "so-rcvbuf": Parameter(Kind.SIZE, _UDP, low=1),
    # times and responses
    "ats": Parameter(Kind.BOOLEAN, _UDP),
    "media-rcv-ts-offset": Parameter(Kind.INT32, _UDP, low=0, high=_I32["high"], words=("reserved",)),
    "channel-rcv-ts-offset": Parameter(Kind.INT32, _UDP, low=0, high=_I32["high"], words=("reserved",)),
    "channel-snd-ts-offset": Parameter(Kind.INT32, _UDP, low=0, high=_I32["high"], words=("reserved",)),
    "response-correlation-id": Parameter(Kind.INT32, low=-1, high=2**63 - 1, words=("prototype",)),
}

ALIASES: Final[dict[str, str]] = {
    "receive_buffer": "so-rcvbuf",
    "send_buffer": "so-sndbuf",
    "receiver_window": "rcv-wnd",
}
"""Friendlier words of the YAML mapping; every other key is Aeron's name with ``_`` for ``-``."""

# "host:port", "1.2.3.4:port", "[::1]:port", with an optional "%scope" inside the brackets.
_ADDRESS: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)(?:%[\w.-]+)?\]|(?P<host>[^\[\]:|=\s]+)):(?P<port>[0-9]{1,5})"
)
_HOST_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_SEPARATORS: Final = re.compile(r"[|=?\s]")


def channel_parameters() -> Mapping[str, Parameter]:
    """Return the table: Aeron's name to its row; read-only."""
    return MappingProxyType(PARAMETERS)


def parse_value(name: str, given: object) -> Value:
    """Return the value of a parameter of PARAMETERS, parsed and within its bounds.

    Args:
        given: a text as in a URI, or what YAML makes of a mapping's value (int, bool, Size, Duration).

    Raises:
        InvalidValue: names the value and what is allowed.
    """
    row = PARAMETERS[name]
    if isinstance(given, str) and any(
        given == word or (word.endswith(":") and given.startswith(word) and given[len(word) :].isdecimal())
        for word in row.words
    ):
        return given
    match row.kind:
        case Kind.TEXT:
            return _parse_text(given, row)
        case Kind.ADDRESS:
            return _parse_address(given)
        case Kind.BOOLEAN:
            return _parse_boolean(given)
        case Kind.CHOICE:
            text = str(given).lower() if isinstance(given, bool) else given
            if text not in row.choices:
                raise InvalidValue(f"{given!r} is not allowed", hint=f"write {', '.join(row.choices)}")
            return str(text)
        case Kind.DURATION:
            if not isinstance(given, (str, Duration)):
                raise InvalidValue(f"{given!r} has no unit", hint='write "100ms" or "5s"')
            # Aeron reads a bare number as nanoseconds; so do we in a URI, which others write too.
            return Duration(int(given)) if isinstance(given, str) and given.isdecimal() else Duration(given)
        case Kind.SIZE:
            if isinstance(given, bool) or not isinstance(given, (str, int)):
                raise InvalidValue(f"{given!r} is not a size", hint='write "64k" or "16m"')
            return _bounded(Size(given), row)
        case Kind.INT32:
            return _bounded(_parse_int(given), row)


def write_value(value: Value) -> str:
    """Return a parsed value the way Aeron reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _parse_text(given: object, row: Parameter) -> str:
    text = str(given)
    if isinstance(given, (list, dict)) or not text or _SEPARATORS.search(text):
        raise InvalidValue(f"{given!r} cannot stand in a channel", hint="leave out '|', '=', '?' and blanks")
    if row.pattern is not None and not re.fullmatch(row.pattern, text):
        raise InvalidValue(f"{given!r} is not allowed", hint=row.forms)
    return text


def _parse_boolean(given: object) -> bool:
    if isinstance(given, bool):
        return given
    if given in ("true", "false"):
        return given == "true"
    raise InvalidValue(f"{given!r} is not a boolean", hint="write true or false")


def _parse_int(given: object) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        return int(given)
    if isinstance(given, str) and re.fullmatch(r"[+-]?(?:0|[1-9][0-9]{0,18}|0[xX][0-9a-fA-F]{1,16})", given):
        return int(given, 0)
    raise InvalidValue(f"{given!r} is not an integer", hint="write a whole number without a unit")


def _parse_address(given: object) -> str:
    forms = 'write "host:port", "10.0.0.1:40001" or "[::1]:40001"'
    match = _ADDRESS.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise InvalidValue(f"{given!r} is not host:port", hint=forms)
    if int(match["port"]) > 65_535:
        raise InvalidValue(f"port {match['port']} is out of range", why="ports are 0 to 65535", hint=forms)
    try:
        if match["v6"]:
            _ = ipaddress.IPv6Address(match["v6"])
        elif re.fullmatch(r"[0-9.]+", match["host"]):
            _ = ipaddress.IPv4Address(match["host"])
        elif not _HOST_NAME.fullmatch(match["host"]):
            raise InvalidValue(f"{match['host']!r} is not a host name", hint=forms)
    except ipaddress.AddressValueError as error:
        raise InvalidValue(f"{given!r} is not an address", why=str(error), hint=forms) from None
    return str(given)


def _bounded(value: int, row: Parameter) -> int:
    shown = str(value)
    low, high = (
        Size(bound) if isinstance(value, Size) and bound is not None else bound for bound in (row.low, row.high)
    )
    if (row.low is not None and value < row.low) or (row.high is not None and value > row.high):
        allowed = f"{low} to {high}" if row.high is not None else f"{low} or more"
        raise InvalidValue(f"{shown} is out of range", why=f"allowed are {allowed}", hint="write one of these")
    if row.power_of_two and value & (value - 1):
        below = 1 << (value.bit_length() - 1)
        raise InvalidValue(f"{shown} is not a power of two", hint=f"write {Size(below)} or {Size(2 * below)}")
    if row.multiple_of and value % row.multiple_of:
        below = value - value % row.multiple_of
        raise InvalidValue(f"{shown} is not a multiple of {row.multiple_of}", hint=f"write {below}")
    return value
