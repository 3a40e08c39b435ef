"""Errors of actorbus, sorted by whose fault they are.

Rules of this file:

* One class a *decision*: add a leaf only when a caller must tell it apart from its parent.
* Every class has a stable ``code`` (never reused, never renumbered) and an ``exit_code`` for the command line.
* ``str(error)`` reads "what, where: why; what next". The text carries the value and the bound it broke.
* Hot paths return numbers; the comfort methods above them raise these. Events (gaps, joins) are not errors.

Codes: AB1xxx configuration, AB20xx use, AB21xx refused for now, AB22xx broken or environment, AB23xx encode (ours),
AB3xxx decode (theirs), AB4xxx recording, AB5xxx the application's handlers, AB9xxx an invariant of ours broke.

    ActorBusError
      ConfigError                          a list of Problem
      UsageError                           ClosedError  MessageTooLarge  StaleError  InvalidValue (is a ValueError too)
                                           AskCycle
      Refused                              BackPressured  NotConnected  MailboxFull
      BrokenError                          DriverLost  NativeError
        EnvironmentFault                   DriverUnavailable  DirectoryRefused  PermissionRefused  OutOfMemory
                                           AddressInUse  LibraryMissing
      EncodeError
      DecodeError                          FrameCorrupt  UnknownType  AuthenticationFailed  TooLarge  Replayed
      RecordingError                       its leaves are in actorbus/recording/errors.py
      HandlerFailed                        the application's own handler or source
      InternalError
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal, override

import msgspec

# The command line's contract (docs/reference/cli.md): 2 as click and getopt have it for wrong input.
EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_INPUT_WRONG: Final = 2
EXIT_ENVIRONMENT_WRONG: Final = 3
"""The four exit codes of the command line; 130 is the shell's for Ctrl-C."""


class ActorBusError(Exception):
    """Base of everything actorbus raises on purpose.

    Args:
        what: what went wrong, with the value, in one clause.
        where: stream, file, field or function it happened at.
        why: the cause or the bound that was broken.
        hint: what to do next.

    Safe to pickle, so that it crosses from a child process.
    """

    code: ClassVar[str] = "AB0000"
    """Stable number of this class; has a page in the error catalogue."""
    exit_code: ClassVar[int] = EXIT_FAILED
    """What the command line exits with: 1 failed while running, 2 the input is wrong, 3 the environment is wrong."""

    what: str
    where: str | None
    why: str | None
    hint: str | None

    def __init__(self, what: str, *, where: str | None = None, why: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.hint = hint

    @override
    def __str__(self) -> str:
        text = self.what
        if self.where:
            text += f", {self.where}"
        if self.why:
            text += f": {self.why}"
        if self.hint:
            text += f"; {self.hint}"
        return text

    def format_text(self) -> str:
        """Return the line (or lines) the command line prints: ``error[AB2101]: what, where: why; what next``."""
        return f"error[{self.code}]: {self}"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a configuration, with its place in the file."""

    code: str
    """Stable number, ``AB1xxx``."""
    message: str
    """What and why, with the bound."""
    severity: Literal["error", "warning"] = "error"
    """An error stops a start, a warning is told."""
    file: str | None = None
    line: int | None = None
    """Counts from 1."""
    column: int | None = None
    """Counts from 1."""
    path: str | None = None
    """Path inside the document, ``streams.bars.channel``."""
    value: str | None = None
    """The offending value as it was written."""
    hint: str | None = None
    """What to do next, or the nearest right name."""

    @property
    def is_error(self) -> bool:
        """Whether this stops a start (warnings do not)."""
        return self.severity == "error"

    def format_text(self) -> str:
        """Return ``FILE:LINE:COLUMN: error[AB1203]: path: message (value: ...); hint``; unknown parts are left out."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{place}: " if place else ""
        text += f"{self.severity}[{self.code}]: "
        if self.path:
            text += f"{self.path}: "
        text += self.message
        if self.value is not None and self.value not in self.message:
            text += f" (value: {self.value})"
        if self.hint:
            text += f"; {self.hint}"
        return text

    def to_dict(self) -> dict[str, str | int | None]:
        """Return every field by name, for ``--format json``."""
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "value": self.value,
            "hint": self.hint,
        }


class ConfigError(ActorBusError):
    """The configuration is wrong: every problem found, at once, before anything is started."""

    code: ClassVar[str] = "AB1000"
    exit_code: ClassVar[int] = EXIT_INPUT_WRONG

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem] | Problem | str) -> None:
        """Take the problems; a text alone becomes one problem with code AB1000."""
        if isinstance(problems, str):
            problems = (Problem(code=self.code, message=problems),)
        elif isinstance(problems, Problem):
            problems = (problems,)
        self.problems = tuple(problems)
        if not self.problems:
            raise InternalError("ConfigError without a problem", hint="raise it only when there is at least one")
        super().__init__("\n".join(problem.format_text() for problem in self.problems))
        # Pickle calls the class with args: it must get the problems back, not the text.
        self.args: tuple[object, ...] = (self.problems,)

    @override
    def format_text(self) -> str:
        """Return one line a problem, each with its own code and place."""
        return str(self)


class UsageError(ActorBusError):
    """The calling program is wrong: it can be right only after a change of its code."""

    code: ClassVar[str] = "AB2000"
    exit_code: ClassVar[int] = EXIT_INPUT_WRONG


class ClosedError(UsageError):
    """Used after it was closed."""

    code: ClassVar[str] = "AB2001"
    exit_code: ClassVar[int] = EXIT_FAILED


class MessageTooLarge(UsageError):
    """The encoded message is longer than the channel's maximum message length."""

    code: ClassVar[str] = "AB2002"
    exit_code: ClassVar[int] = EXIT_FAILED


class StaleError(UsageError):
    """Read after the call it belongs to has ended (``Meta`` kept without ``copy()``)."""

    code: ClassVar[str] = "AB2003"
    exit_code: ClassVar[int] = EXIT_FAILED


class InvalidValue(UsageError, ValueError):
    """A text or number given to us does not parse: names the value and the forms allowed."""

    code: ClassVar[str] = "AB2004"


class AskCycle(UsageError):
    """An actor asked one that waits, itself or through others, for the asker: both would wait for ever."""

    code: ClassVar[str] = "AB2005"
    exit_code: ClassVar[int] = EXIT_FAILED


class Refused(ActorBusError):
    """Not accepted now; the same call may succeed later. The message consumed no sequence."""

    code: ClassVar[str] = "AB2100"


class BackPressured(Refused):
    """A subscriber is slow and the policy's time is over."""

    code: ClassVar[str] = "AB2101"


class NotConnected(Refused):
    """Nobody subscribes, or not in the time the policy gives."""

    code: ClassVar[str] = "AB2102"


class MailboxFull(Refused):
    """The actor's mailbox is at its bound and its overflow policy refuses."""

    code: ClassVar[str] = "AB2103"


class BrokenError(ActorBusError):
    """Something below us broke; the object cannot be used further without a restart."""

    code: ClassVar[str] = "AB2200"


class DriverLost(BrokenError):
    """The media driver went away or stopped its heartbeat while we were running."""

    code: ClassVar[str] = "AB2201"


class NativeError(BrokenError):
    """Aeron or the operating system reported an error; ``errcode`` and its text are kept.

    Args:
        what, where, why, hint: as in ``ActorBusError``.
        errcode: Aeron's code (negative for its own, positive for errno values); 0 when there is none.
    """

    code: ClassVar[str] = "AB2202"

    errcode: int

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        why: str | None = None,
        hint: str | None = None,
        errcode: int = 0,
    ) -> None:
        super().__init__(what, where=where, why=why, hint=hint)
        self.errcode = errcode

    @override
    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} [errcode {self.errcode}]" if self.errcode else text


class EnvironmentFault(BrokenError):
    """The machine around us is wrong: no driver, no memory, no permission, a port in use. Exit code 3."""

    code: ClassVar[str] = "AB2210"
    exit_code: ClassVar[int] = EXIT_ENVIRONMENT_WRONG


class DriverUnavailable(EnvironmentFault):
    """No media driver answers in that directory: none, stale, truncated CnC file, or another version."""

    code: ClassVar[str] = "AB2211"


class DirectoryRefused(EnvironmentFault):
    """The driver directory is neither empty nor Aeron's own, or a driver is active in it."""

    code: ClassVar[str] = "AB2212"


class PermissionRefused(EnvironmentFault):
    """The operating system does not let us: another user's driver, a read-only folder."""

    code: ClassVar[str] = "AB2213"


class OutOfMemory(EnvironmentFault):
    """Shared memory, memory or file descriptors do not suffice for what the topology asks."""

    code: ClassVar[str] = "AB2214"


class AddressInUse(EnvironmentFault):
    """Another socket holds the port."""

    code: ClassVar[str] = "AB2215"


class LibraryMissing(EnvironmentFault):
    """The Aeron client library, a symbol of it, or an optional package is not there."""

    code: ClassVar[str] = "AB2216"


class EncodeError(ActorBusError):
    """Our own message cannot be encoded: a value of a wrong type or out of range. Names field and value."""

    code: ClassVar[str] = "AB2300"


class DecodeError(ActorBusError):
    """Bytes from somebody else cannot be decoded. Counted and quarantined; the stream goes on."""

    code: ClassVar[str] = "AB3000"


class FrameCorrupt(DecodeError):
    """The frame's header is not one: too short, unknown version, lengths that do not add up."""

    code: ClassVar[str] = "AB3001"


class UnknownType(DecodeError):
    """The type id is not declared for this stream."""

    code: ClassVar[str] = "AB3002"


class AuthenticationFailed(DecodeError):
    """A signature or seal does not verify."""

    code: ClassVar[str] = "AB3003"


class TooLarge(DecodeError):
    """A length on the wire is beyond its limit."""

    code: ClassVar[str] = "AB3004"


class Replayed(DecodeError):
    """A frame that was accepted before came again."""

    code: ClassVar[str] = "AB3005"


class RecordingError(ActorBusError):
    """A recording cannot be written or read."""

    code: ClassVar[str] = "AB4000"


class HandlerFailed(ActorBusError):
    """A handler or source of the application raised where its policy lets nothing go on: start, `on_error: stop`."""

    code: ClassVar[str] = "AB5001"


class InternalError(ActorBusError):
    """An invariant of actorbus broke: please report it."""

    code: ClassVar[str] = "AB9000"


def all_error_classes() -> Iterator[type[ActorBusError]]:
    """Yield every class of the tree, a parent before its children; classes defined elsewhere come too."""
    waiting: list[type[ActorBusError]] = [ActorBusError]
    while waiting:
        cls = waiting.pop(0)
        yield cls
        waiting.extend(cls.__subclasses__())
