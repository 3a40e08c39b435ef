"""Errors become exit codes and texts."""

from __future__ import annotations

import errno

import pytest

from actorbus.cli.exits import as_actorbus_error, exit_code_of, tell
from actorbus.errors import (
    ActorBusError,
    ConfigError,
    DriverLost,
    DriverUnavailable,
    EnvironmentFault,
    HandlerFailed,
    InternalError,
    OutOfMemory,
    PermissionRefused,
    Problem,
    UsageError,
)


def config(*codes: str) -> ConfigError:
    return ConfigError([Problem(code=code, message="m", severity="error") for code in codes])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (config("AB1101"), 2),
        (config("AB1702"), 3),
        (config("AB1702", "AB1101"), 2),
        (UsageError("x"), 2),
        (DriverUnavailable("x"), 3),
        (OutOfMemory("x"), 3),
        (DriverLost("x"), 1),
        (HandlerFailed("x"), 1),
        (InternalError("x"), 1),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: ActorBusError, code: int) -> None:
    assert exit_code_of(error) == code


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), OutOfMemory),
        (PermissionError(13, "Permission denied"), PermissionRefused),
        (OSError(errno.ENOSPC, "No space left on device"), OutOfMemory),
        (OSError(errno.EMFILE, "Too many open files"), OutOfMemory),
        (OSError(errno.EADDRINUSE, "Address already in use"), EnvironmentFault),
        (KeyError("x"), InternalError),
    ],
)
def test_errors_of_python_and_the_system_become_ours(error: BaseException, kind: type[ActorBusError]) -> None:
    assert type(as_actorbus_error(error)) is kind


def test_an_error_of_ours_stays_itself() -> None:
    error = UsageError("x")

    assert as_actorbus_error(error) is error


def test_the_text_goes_to_stderr_and_the_traceback_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    cause = ValueError("why")

    tell(UsageError("what", hint="what next"), verbose=False, cause=cause)
    quiet = capsys.readouterr()
    tell(UsageError("what"), verbose=True, cause=cause)
    verbose = capsys.readouterr()

    assert quiet.out == verbose.out == ""
    assert quiet.err == "error[AB2000]: what; what next\n"
    assert "ValueError: why" in verbose.err
