"""Parameters that do not go together: what Aeron's driver would refuse only after the start, found before it.

Rules of this file:

* One function a rule; each yields Problems and looks at parsed values only. A parameter whose own value was bad is
  simply missing here, so rules never repeat a complaint.
* ``written`` maps Aeron's name to the key as the user wrote it: that is the problem's path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from actorbus.channel.parameters import Media, Value
from actorbus.errors import Problem
from actorbus.limits import INT64_MAX
from actorbus.units import Size

__all__ = ["relation_problems"]

type _Rule = Callable[[Media, Mapping[str, Value], Mapping[str, str]], Iterator[Problem]]

_POSITION_SET: Final = ("init-term-id", "term-id", "term-offset")


def relation_problems(media: Media, parameters: Mapping[str, Value], written: Mapping[str, str]) -> Iterator[Problem]:
    """Yield every problem between the parameters of one channel."""
    for rule in _RULES:
        yield from rule(media, parameters, written)


def _number(parameters: Mapping[str, Value], name: str) -> int | None:
    value = parameters.get(name)
    return value if isinstance(value, int) else None


def _initial_position(_media: Media, parameters: Mapping[str, Value], written: Mapping[str, str]) -> Iterator[Problem]:
    """Aeron wants all three of the set or none; the term may not lie before the initial one."""
    given = [name for name in _POSITION_SET if name in written]
    missing = [name for name in _POSITION_SET if name not in written]
    if given and missing:
        yield Problem(
            code="AB1224",
            message=f"{', '.join(given)} without {', '.join(missing)}",
            path=written[given[0]],
            hint=f"give all of {', '.join(_POSITION_SET)}, or none",
        )
        return
    initial, term, offset = (_number(parameters, name) for name in _POSITION_SET)
    if initial is None or term is None or offset is None:
        return
    if (term - initial) & 0x8000_0000:  # the difference wraps at 32 bits: its sign bit says "before"
        yield Problem(
            code="AB1224",
            message=f"term-id {term} lies before init-term-id {initial}",
            path=written["term-id"],
            hint="a stream starts at init-term-id and counts up",
        )
    length = _number(parameters, "term-length")
    if length is not None and offset > length:
        yield Problem(
            code="AB1224",
            message=f"term-offset {offset} is beyond term-length {Size(length)}",
            path=written["term-offset"],
            hint=f"write 0 to {length}, a multiple of 32",
        )


def _destination(media: Media, parameters: Mapping[str, Value], written: Mapping[str, str]) -> Iterator[Problem]:
    """A UDP channel needs something that tells it from others."""
    if media is not Media.UDP:
        return
    mode = parameters.get("control-mode")
    if mode == "dynamic" and "control" not in written:
        yield Problem(
            code="AB1224",
            message="control-mode=dynamic without control",
            path=written["control-mode"],
            hint="give control=HOST:PORT, where subscribers announce themselves",
        )
    elif mode not in ("manual", "response") and not {"endpoint", "control", "tags"} & set(written):
        yield Problem(
            code="AB1224",
            message="a udp channel without endpoint",
            hint="give endpoint=HOST:PORT, control=HOST:PORT, tags, or control-mode=manual",
        )


def _windows(_media: Media, parameters: Mapping[str, Value], written: Mapping[str, str]) -> Iterator[Problem]:
    """A publication window is at least one MTU and at most half a term; socket buffers hold at least one MTU."""
    mtu = _number(parameters, "mtu") or 0
    half_term = (_number(parameters, "term-length") or 2 * INT64_MAX) // 2
    for name, high, bound in (
        ("pub-wnd", half_term, "half of term-length"),
        ("rcv-wnd", half_term, "half of term-length"),
        ("so-sndbuf", INT64_MAX, ""),
    ):
        value = _number(parameters, name)
        if value is not None and value < mtu:
            yield Problem(
                code="AB1224",
                message=f"{name} {Size(value)} is less than mtu {Size(mtu)}",
                path=written[name],
                hint=f"write {Size(mtu)} at least, or a smaller mtu",
            )
        if value is not None and value > high:
            yield Problem(
                code="AB1224",
                message=f"{name} {Size(value)} is more than {bound}, {Size(high)}",
                path=written[name],
                hint=f"write {Size(high)} at the most, or a longer term-length",
            )


def _receive_buffer(_media: Media, parameters: Mapping[str, Value], written: Mapping[str, str]) -> Iterator[Problem]:
    """The driver refuses a window that the socket's buffer cannot hold."""
    window, buffer = _number(parameters, "rcv-wnd"), _number(parameters, "so-rcvbuf")
    if window is not None and buffer is not None and window > buffer:
        yield Problem(
            code="AB1224",
            message=f"rcv-wnd {Size(window)} is more than so-rcvbuf {Size(buffer)}",
            path=written["rcv-wnd"],
            hint=f"write {Size(buffer)} at the most, or a larger so-rcvbuf",
        )


def _odd_multicast(_media: Media, parameters: Mapping[str, Value], written: Mapping[str, str]) -> Iterator[Problem]:
    """Aeron sends data to an odd multicast address and control to the even one above it."""
    endpoint = parameters.get("endpoint")
    if not isinstance(endpoint, str) or endpoint.startswith("["):
        return
    parts = endpoint.rpartition(":")[0].split(".")
    if len(parts) == 4 and all(part.isdecimal() for part in parts):
        first, last = int(parts[0]), int(parts[3])
        if 224 <= first <= 239 and last % 2 == 0:
            yield Problem(
                code="AB1224",
                message=f"multicast address {endpoint} ends in an even number",
                path=written["endpoint"],
                hint=f"use {'.'.join([*parts[:3], str(last + 1)])}: Aeron takes the even address above it for control",
            )


_RULES: Final[tuple[_Rule, ...]] = (_initial_position, _destination, _windows, _receive_buffer, _odd_multicast)
