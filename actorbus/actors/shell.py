"""The shell of every actor: a Pykka actor that cannot die of an exception (D4). Pykka is imported here alone.

What we rely on in Pykka 4.5 (tests/unit/actors/test_shell.py holds it): `_create_actor_inbox`, `_start_actor_loop`,
`_actor_loop_running`, `_actor_loop_teardown`, `_handle_receive`, and that `ActorRef.tell/ask` put an `Envelope` into
`actor_inbox`. What we change:
* an exception answers the asker, or is reported to the owner; it never ends the actor, nor (BaseException) all actors;
* the inbox is ours: bounded, two lanes, closed under its lock, and what is left in it at the end is answered;
* start is a handshake with a deadline: `launch` returns when `on_start` returned, or raises what it raised;
* threads are daemons, so that a forgotten node cannot hang the interpreter's exit; nodes close themselves at exit.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
from collections.abc import Callable, Generator
from typing import Any, ClassVar

import pykka
from pykka import ActorDeadError
from pykka.messages import _ActorStop  # pyright: ignore[reportPrivateUsage] - the message `ActorRef.stop` sends

from actorbus.actors.inbox import Inbox
from actorbus.errors import AskCycle, ClosedError, InternalError
from actorbus.ffi import Event

__all__ = ["Launch", "Shell", "ask", "is_own", "join", "launch"]

log = logging.getLogger("actorbus.actors")
_numbers = itertools.count(1)
_here = threading.local()
_asking = threading.Lock()
_waits_for: dict[Shell, Shell] = {}
"""Which actor waits for which other one's answer; guarded by `_asking`."""

Report = Callable[[str, BaseException], None]
"""Told the actor's name and what it raised outside an ask. Any thread."""


class Launch:
    """The start handshake: set by the actor's thread when `on_start` is through."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self.error: BaseException | None = None

    def finish(self, error: BaseException | None = None) -> None:
        self.error = error
        self._done.set()

    def wait(self, timeout: float) -> bool:
        return self._done.wait(timeout)


class Shell(pykka.ThreadingActor):
    """Base of our actors. Subclasses define `on_receive`, and may replace `run` (the poller does)."""

    use_daemon_thread: ClassVar[bool] = True

    def __init__(self, name: str, report: Report | None = None) -> None:
        super().__init__()
        self.name = name
        self.started = Launch()
        self.failures = 0
        self._report = report
        self.thread_ident: int | None = None
        self.thread: threading.Thread | None = None
        self._pid = os.getpid()

    @property
    def is_inherited(self) -> bool:
        """Whether this process got it by a fork: its thread is its parent's, and nobody would answer (trap P20)."""
        return self._pid != os.getpid()

    @staticmethod
    def _create_actor_inbox() -> Any:
        return Inbox(Event())

    @property
    def inbox(self) -> Inbox:
        """The actor's own inbox."""
        inbox: Any = self.actor_inbox
        return inbox

    def _start_actor_loop(self) -> None:
        self.thread = threading.Thread(
            target=self._actor_loop, name=f"actorbus-{self.name}-{next(_numbers)}", daemon=self.use_daemon_thread
        )
        self.thread.start()

    def _actor_loop_setup(self) -> None:
        self.thread_ident = threading.get_ident()
        _here.shell = self
        try:
            self.on_start()
        except BaseException as error:  # noqa: BLE001 - the launcher raises it
            self._end()
            self.started.finish(error)
            return
        self.started.finish()

    def _actor_loop_running(self) -> None:
        if not self.actor_stopped.is_set():
            self.run()

    def run(self) -> None:
        """The actor's life: take control entries until stopped. The actor's thread."""
        while not self.actor_stopped.is_set():
            self.obey(self.inbox.get())

    def obey(self, envelope: Any) -> None:
        """Handle one control entry; answer it, or report what it raised."""
        try:
            if isinstance(envelope.message, _ActorStop):
                self._stop()
                answer = None
            else:
                answer = self.on_receive(envelope.message)
        except BaseException as error:  # noqa: BLE001 - the one place that catches, per thread (style 22)
            if envelope.reply_to is not None:
                envelope.reply_to.set_exception((type(error), error, error.__traceback__))
            else:
                self.failed(error)
            return
        if envelope.reply_to is not None:
            envelope.reply_to.set(answer)

    def request_stop(self) -> None:
        """Tell it to stop, from any thread; nothing happens when it has stopped already."""
        with contextlib.suppress(ActorDeadError, ClosedError):
            self.actor_ref.tell(_ActorStop())

    def failed(self, error: BaseException) -> None:
        """Count an exception nobody asked for and report it to the owner."""
        self.failures += 1
        if self._report is not None:
            self._report(self.name, error)
        else:
            log.error("actor %s: %s", self.name, error, exc_info=error)

    def _stop(self) -> None:
        self._end()
        try:
            self.on_stop()
        except BaseException as error:  # noqa: BLE001 - an actor that ends still ends
            self.failed(error)

    def _end(self) -> None:
        pykka.ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()

    def _actor_loop_teardown(self) -> None:
        left, _ = self.inbox.close()
        for envelope in left:
            if envelope.reply_to is None:
                continue
            if isinstance(envelope.message, _ActorStop):
                envelope.reply_to.set(None)
            else:
                error = ActorDeadError(f"actor {self.name} stopped before it came to this message")
                envelope.reply_to.set_exception((ActorDeadError, error, None))


def launch(shell: Shell, timeout: float = 10.0) -> None:
    """Start an actor's thread and wait until its `on_start` returned.

    Raises:
        Whatever `on_start` raised; InternalError when it took longer than `timeout` seconds.
    """
    pykka.ActorRegistry.register(shell.actor_ref)
    shell._start_actor_loop()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - a Pykka seam, see above
    if not shell.started.wait(timeout):
        raise InternalError(f"actor {shell.name} did not start within {timeout:g} s")
    if shell.started.error is not None:
        raise shell.started.error


def ask(shell: Shell, message: object, timeout: float) -> Any:
    """Ask an actor and wait for its answer (inv_no_ask_without_deadline).

    Raises:
        AskCycle: the caller is an actor that the asked one waits for, itself or through others.
        ClosedError: the actor has stopped. InternalError: no answer within `timeout` seconds. Or what it raised.
    """
    with _waiting_for(shell):
        return _ask(shell, message, timeout)


def is_own(shell: Shell) -> bool:
    """Return whether this is the thread of that actor."""
    return getattr(_here, "shell", None) is shell


@contextlib.contextmanager
def _waiting_for(asked: Shell) -> Generator[None]:
    """Note, while an actor waits for another, that it does; refuse to close a circle."""
    asker: Shell | None = getattr(_here, "shell", None)
    if asker is None:  # not an actor's thread: nobody can be waiting for it
        yield
        return
    with _asking:
        way = [asked]
        while way[-1] is not asker and (after := _waits_for.get(way[-1])) is not None:
            way.append(after)
        if way[-1] is asker:
            told = " -> ".join(actor.name for actor in (asker, *way))
            raise AskCycle(
                f"asking would never end: {told}", why="each would wait for the next", hint="tell instead of ask"
            )
        _waits_for[asker] = asked
    try:
        yield
    finally:
        with _asking:
            del _waits_for[asker]


def _ask(shell: Shell, message: object, timeout: float) -> Any:
    if shell.is_inherited:
        raise ClosedError(
            f"actor {shell.name} belongs to the parent of this process",
            why="a fork takes no threads along: everything of a node is closed in the child",
            hint="open a node of its own in the child, or start it by spawn",
        )
    try:
        return shell.actor_ref.ask(message, timeout=timeout)
    except ActorDeadError as error:
        raise ClosedError(f"actor {shell.name} has stopped") from error
    except pykka.Timeout as error:
        raise InternalError(f"actor {shell.name} did not answer {message!r} within {timeout:g} s") from error


def join(shell: Shell, timeout: float) -> bool:
    """Wait for an actor's thread to end; False when it did not within `timeout` seconds."""
    if shell.thread is None or shell.is_inherited:
        return True
    shell.thread.join(timeout)
    return not shell.thread.is_alive()
