"""From a native error to the exception whose fault it is.

An `ab_error` is filled in the native call that failed: `code` is ours (native/ab_result.h), `errcode` and the text are
Aeron's or the operating system's. This file alone decides which class a number becomes.

Numbers of Aeron's: errno values are positive; its driver's own are negative (-1 invalid channel .. -11 storage
space), those of the client are 1000 and more. A registration that failed comes back as minus the driver's number,
whatever that was.
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
STORAGE_SPACE = -11
DRIVER_TIMEOUT = 1000

_TRACE = re.compile(r"\[[\w.]+, [\w./]+:\d+\]\s*")
_HEAD = re.compile(r"^\(-?\d+\) [^\n]*\n")

_BY_NUMBER: Mapping[int, type[ActorBusError]] = {
    INVALID_CHANNEL: InvalidValue,
    UNKNOWN_HOST: InvalidValue,
    STORAGE_SPACE: OutOfMemory,
    errno.EINVAL: InvalidValue,
    errno.EADDRINUSE: AddressInUse,
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


def error_text(error: ab_error) -> str:
    """Return the error's text on one line, without Aeron's source positions and its head `(number) name`."""
    text = ffi.string(error.text).decode("utf-8", "replace")
    start, separator, rest = text.partition(": (")
    if separator:
        rest = _HEAD.sub("", "(" + rest)
        text = f"{start}: {rest}"
    lines = (line.strip() for line in _TRACE.sub("", text).splitlines())
    return " | ".join(line for line in lines if line)


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
    return _native(error.errcode, text, where)


def _native(number: int, text: str, where: str | None) -> ActorBusError:
    make = _BY_NUMBER.get(number)
    if make is None and "Address already in use" in text:
        make = AddressInUse  # the driver sends its socket errors as "generic", with the name in the text
    if make is None and "Permission denied" in text:
        make = PermissionRefused
    if make is None:
        return NativeError(text, where=where, errcode=number)
    hint = CHANNEL_HINT if number in {INVALID_CHANNEL, UNKNOWN_HOST} else _HINTS.get(make)
    return make(text, where=where, hint=hint)
