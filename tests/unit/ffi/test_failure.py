from __future__ import annotations

import errno

import pytest

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
from actorbus.ffi.failure import error_text, failure, new_error
from actorbus.ffi.native import ffi, lib

AERON = """cannot add the subscription: (-11) generic error, see message
[aeron_client_conductor.c, aeron_client_conductor_async_resource_poll:3710] async_add_subscription registration error
(98) Address already in use
[aeron_udp_channel_transport.c, aeron_udp_channel_transport_init:211] failed to bind(7, 127.0.0.1:51350)
[aeron_udp_channel_transport.c, aeron_udp_channel_transport_init:211] failed to bind(7, 127.0.0.1:51350)
"""


def make(code: int, errcode: int = 0, text: str = "it failed") -> ActorBusError:
    return failure(filled(code, errcode, text), where="aeron:ipc stream 1")


def filled(code: int, errcode: int, text: str):
    error = new_error()
    error.code, error.errcode = code, errcode
    ffi.memmove(error.text, text.encode() + b"\0", len(text) + 1)
    return error


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        (lib.AB_STALE, ClosedError),
        (lib.AB_CLOSED, DriverLost),
        (lib.AB_TIMED_OUT, DriverLost),
        (lib.AB_NO_MEMORY, OutOfMemory),
        (lib.AB_INVALID, InvalidValue),
    ],
)
def test_our_own_codes_have_their_classes(code: int, cls: type[ActorBusError]) -> None:
    error = make(code)
    assert type(error) is cls
    assert "it failed, aeron:ipc stream 1" in str(error)


@pytest.mark.parametrize(
    ("errcode", "cls"),
    [
        (-1, InvalidValue),
        (-9, InvalidValue),
        (-11, NativeError),
        (-12, OutOfMemory),
        (errno.EADDRINUSE, AddressInUse),
        (errno.EACCES, PermissionRefused),
        (errno.ENOSPC, OutOfMemory),
        (errno.EMFILE, OutOfMemory),
        (errno.EINVAL, InvalidValue),
        (1000, DriverUnavailable),
        (-1000, DriverUnavailable),
        (12345, NativeError),
    ],
)
def test_aerons_numbers_have_their_classes(errcode: int, cls: type[ActorBusError]) -> None:
    assert type(make(lib.AB_FAILED, errcode)) is cls


@pytest.mark.parametrize(
    ("number", "cls"), [(98, AddressInUse), (13, PermissionRefused), (99, InvalidValue), (28, OutOfMemory)]
)
def test_what_the_driver_calls_generic_is_told_by_the_number_in_its_text(number: int, cls: type[ActorBusError]) -> None:
    assert type(make(lib.AB_FAILED, -11, AERON.replace("98", str(number)))) is cls


def test_an_unknown_number_is_kept() -> None:
    error = make(lib.AB_FAILED, 12345)
    assert isinstance(error, NativeError)
    assert error.errcode == 12345


def test_a_wrong_channel_shows_right_ones() -> None:
    assert "aeron:ipc?term-length=1m" in str(make(lib.AB_FAILED, -1))
    assert "aeron:ipc?term-length=1m" not in str(make(lib.AB_FAILED, errno.EINVAL))


def test_aerons_traces_are_left_out_of_the_text() -> None:
    text = error_text(filled(lib.AB_FAILED, -11, AERON))
    assert text == "cannot add the subscription: Address already in use, failed to bind(7, 127.0.0.1:51350)"


def test_bytes_that_are_no_text_do_not_hide_the_error() -> None:
    error = new_error()
    ffi.memmove(error.text, b"caf\xe9\0", 5)
    assert error_text(error) == "caf\ufffd"
