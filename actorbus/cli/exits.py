"""From an error to what the shell sees: text on stderr, and one of the exit codes of the interface.

0 done, also after a SIGTERM that drained    2 the input is wrong         130 Ctrl-C
1 failed while running                       3 the environment is wrong
"""

from __future__ import annotations

import errno
import sys
import traceback
from typing import Final

from actorbus.cli.colour import is_wanted
from actorbus.cli.excerpt import problems_text
from actorbus.cli.extras import missing_package
from actorbus.errors import (
    EXIT_ENVIRONMENT_WRONG,
    EXIT_FAILED,
    EXIT_INPUT_WRONG,
    ActorBusError,
    ConfigError,
    EnvironmentFault,
    InternalError,
    OutOfMemory,
    PermissionRefused,
)
from actorbus.topology.codes import MACHINE_CODES

__all__ = ["EXIT_INTERRUPTED", "as_actorbus_error", "exit_code_of", "tell"]

EXIT_INTERRUPTED: Final = 130


def exit_code_of(error: ActorBusError) -> int:
    """Return the exit code for an error that stopped a command."""
    if isinstance(error, ConfigError):
        codes = {problem.code for problem in error.problems if problem.is_error}
        return EXIT_ENVIRONMENT_WRONG if codes and codes <= MACHINE_CODES else EXIT_INPUT_WRONG
    return error.exit_code or EXIT_FAILED


def as_actorbus_error(error: BaseException) -> ActorBusError:
    """Return the error, or one of ours that says the same about an error of Python or the operating system."""
    if isinstance(error, ActorBusError):
        return error
    if isinstance(error, MemoryError):
        return OutOfMemory("out of memory", hint="give smaller terms, or more memory")
    if isinstance(error, PermissionError):
        return PermissionRefused(str(error), hint="check owner and permissions")
    if isinstance(error, ModuleNotFoundError):
        return missing_package(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        return OutOfMemory(str(error), hint="free some, or raise the limit")
    if isinstance(error, OSError):
        return EnvironmentFault(str(error))
    return InternalError(
        f"{type(error).__name__}: {error}", hint="run again with `actorbus --verbose` for the traceback"
    )


def tell(error: ActorBusError, *, verbose: bool, cause: BaseException | None = None) -> None:
    """Print an error to stderr, with the traceback when it was asked for."""
    if verbose:
        traceback.print_exception(cause if cause is not None else error, file=sys.stderr)
    if isinstance(error, ConfigError):
        text = "\n".join(problems_text(error.problems, colour=is_wanted(sys.stderr)))
    else:
        text = error.format_text()
    print(text, file=sys.stderr)
