"""From a native error to the exception whose fault it is.

An `ab_error` is filled in the native call that failed: `code` is ours (native/ab_result.h), `errcode` and the text are
Aeron's or the operating system's. This file alone decides which class a number becomes.

Numbers of Aeron's: errno values are positive; its driver's own are negative (-1 invalid channel .. -12 storage space),
those of the client are 1000 and more. What the driver met in the operating system crosses as "generic" (-11); the errno
is then in the text, which is a list of lines: a head `(number) name`, then `[file, function:line] what`.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from actorbus.errors import (
    ActorBusError,
    AddressInUse,
    ClosedError,
    DriverLost,
    DriverUnavailable,
    InvalidValue,
    NativeError,
    OutOfMemory,
    PermissionRefused,
)
from actorbus.ffi.native import ffi, lib

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import ab_error

__all__ = ["error_text", "failure", "new_error"]

INVALID_CHANNEL = -1
UNKNOWN_HOST = -9
GENERIC = -11
STORAGE_SPACE = -12
DRIVER_TIMEOUT = 1000

_TRACE = re.compile(r"\[[\w.]+, [\w./]+:\d+\]\s*")
_HEAD = re.compile(r"\((-?\d+)\) ")
_SAID_ALREADY = re.compile(r"async_add_\w+ registration error")

_BY_NUMBER: Mapping[int, type[ActorBusError]] = {
    INVALID_CHANNEL: InvalidValue,
    UNKNOWN_HOST: InvalidValue,
    STORAGE_SPACE: OutOfMemory,
    errno.EINVAL: InvalidValue,
    errno.EADDRINUSE: AddressInUse,
    errno.EADDRNOTAVAIL: InvalidValue,
    errno.EACCES: PermissionRefused,
    errno.EPERM: PermissionRefused,
    errno.ENOMEM: OutOfMemory,
    errno.ENOSPC: OutOfMemory,
    errno.EMFILE: OutOfMemory,
    errno.ENFILE: OutOfMemory,
    DRIVER_TIMEOUT: DriverUnavailable,
    -DRIVER_TIMEOUT: DriverUnavailable,
}

_HINTS: Mapping[type[ActorBusError], str] = {
    AddressInUse: "choose another port, or stop who holds it",
    OutOfMemory: "free space in the driver's directory (df /dev/shm), or use shorter terms (term-length)",
    PermissionRefused: "run as the owner of the driver's directory",
}
CHANNEL_HINT = "channels look like aeron:ipc?term-length=1m or aeron:udp?endpoint=127.0.0.1:40001"


def new_error() -> ab_error:
    """Return a place for a native call to put its error."""
    return ffi.new("ab_error *")


def _lines(error: ab_error) -> tuple[str, list[str]]:
    """Return what we were doing, and Aeron's lines about it without their source positions and its own head."""
    text = ffi.string(error.text).decode("utf-8", "replace")
    what, separator, rest = text.partition(": (")
    if not separator:
        return text, []
    lines = [line.strip() for line in _TRACE.sub("", "(" + rest).splitlines()]
    return what, [line for line in lines[1:] if line and not _SAID_ALREADY.fullmatch(line)]


def error_text(error: ab_error) -> str:
    """Return the error's text on one line: what we did, and what Aeron said, without its traces and numbers."""
    what, lines = _lines(error)
    said = list(dict.fromkeys(_HEAD.sub("", line, count=1) if _HEAD.match(line) else line for line in lines))
    return " | ".join(line for line in _TRACE.sub("", what).splitlines()) + (f": {', '.join(said)}" if said else "")


def _number(error: ab_error) -> int:
    """Return the error's number; for a generic one the last in the text, which is what the driver met first."""
    if error.errcode != GENERIC:
        return error.errcode
    heads = [int(match[1]) for line in _lines(error)[1] if (match := _HEAD.match(line))]
    return heads[-1] if heads else GENERIC


def failure(error: ab_error, *, where: str | None = None) -> ActorBusError:
    """Return the exception for a native error; the caller raises it.

    Args:
        error: what the native call filled.
        where: the channel, directory or object it happened at.
    """
    text = error_text(error)
    if error.code == lib.AB_STALE:
        return ClosedError(text, where=where)
    if error.code == lib.AB_CLOSED:
        return DriverLost(text, where=where, hint="the session is rebuilt, or open a new client")
    if error.code == lib.AB_TIMED_OUT:
        return DriverLost(text, where=where, hint="is the media driver alive, and not starved of its core?")
    if error.code == lib.AB_NO_MEMORY:
        return OutOfMemory(text, where=where)
    if error.code == lib.AB_INVALID:
        return InvalidValue(text, where=where)
    return _native(_number(error), text, where)


def _native(number: int, text: str, where: str | None) -> ActorBusError:
    make = _BY_NUMBER.get(number)
    if make is None:
        return NativeError(text, where=where, errcode=number)
    hint = CHANNEL_HINT if number in {INVALID_CHANNEL, UNKNOWN_HOST, errno.EADDRNOTAVAIL} else _HINTS.get(make)
    return make(text, where=where, hint=hint)
