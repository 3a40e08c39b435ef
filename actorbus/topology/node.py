"""The node: a running topology. What users hold, start, ask and close.

Rules of the room:
* A node is opened once and closed once; both wait, with deadlines. Close is safe from anywhere, any number of times,
  and happens at the interpreter's exit if it was forgotten (D13).
* Everything it does is asked of its session supervisor; this file holds no Aeron object and no lock around one.
* What it counted stays readable after it closed.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeVar, cast, overload, override

from actorbus.actors import (
    Close,
    Look,
    Open,
    OpenPublisher,
    OpenSubscriber,
    SessionSupervisor,
    Steering,
    Subscription,
    ask,
    join,
    launch,
)
from actorbus.dispatch import Publisher
from actorbus.errors import ActorBusError, ClosedError, UsageError
from actorbus.ffi.system import trim_memory
from actorbus.topology.async_face import AsyncFace
from actorbus.topology.figures import NodeHealth, NodeStatistics, Quarantined, node_statistics, quarantined, summary_of
from actorbus.topology.redriving import RedriveFace
from actorbus.topology.stopping import Signals, StopFlag, Stoppable
from actorbus.topology.subscribing import check_stream, check_types, replay_part
from actorbus.topology.waiting import Watched, activity_of, wait_until

if TYPE_CHECKING:
    from actorbus.clock import Clock
    from actorbus.recording.place import Given
    from actorbus.topology.model import Topology
    from actorbus.topology.plan import Plan
    from actorbus.transport import LocalBus

__all__ = ["Node"]

M = TypeVar("M")
OPEN_TIMEOUT_S = 60.0
"""Driver start 5 s, client 5 s, each stream up to its own connect timeout: far above their sum in practice."""
CLOSE_MARGIN_S = 15.0
"""On top of the drain's and the stop's own deadlines; above Aeron's client liveness timeout (10 s), by when whatever
waits for the driver has failed."""
GIVE_UP_S = 1.0
"""How long an interrupted start may take to undo what it did; what is left then is closed at the interpreter's exit."""
_open_nodes: weakref.WeakSet[Node] = weakref.WeakSet()


class Node(AsyncFace, RedriveFace):
    """Runs a topology: `with Node.from_yaml("topology.yaml") as node: ...`.

    Entering starts everything in order and waits until the streams this node both publishes and handles are
    connected; leaving drains and stops everything in the reverse order.

    Thread: any may call its methods, but `close` not a handler's own; signals are the main thread's.
    """

    def __init__(
        self,
        topology: Topology | Plan,
        *,
        env: Mapping[str, str] | None = None,
        signals: bool = False,
        clock: Clock | None = None,
        bus: LocalBus | None = None,
    ) -> None:
        """Check a topology made in Python (or take a plan) and make a node of it; nothing is started.

        Args:
            topology: what to run.
            env: what `${NAME}` reads; the process environment when None.
            signals: let SIGTERM and SIGINT end `wait()` (main thread only).
            clock: what handlers, timers and sources live by; the machine's when None.
            bus: for `driver: {mode: none}`, a bus that other nodes of this process are given too; its own when None.

        Raises:
            ConfigError: with every problem found.
        """
        from actorbus.topology.assembly import session_parts, stop_levels
        from actorbus.topology.plan import Plan, plan_of

        plan = topology if isinstance(topology, Plan) else plan_of(topology, env=env)
        self.plan: Plan = plan
        self._wants_signals = signals
        self._parts = session_parts(plan, handler_clock=clock, bus=bus)
        self._levels = stop_levels(plan)
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._supervisor: SessionSupervisor | None = None
        self._state: Literal["new", "open", "closed"] = "new"
        self._opened_ns = self._closed_ns = 0
        self._failure: BaseException | None = None
        self._clean = True
        self._stop_asked = StopFlag()
        self._signals = Signals()

    @classmethod
    def from_yaml(
        cls,
        path: str | Path,
        *,
        env: Mapping[str, str] | None = None,
        overrides: Mapping[str, object] | None = None,
        signals: bool = False,
        app_dir: str | Path | None = None,
    ) -> Self:
        """Read, check and plan a topology file; nothing is started.

        Args:
            path: the file. Its folder is put first on `sys.path`, unless `app_dir` names another.
            env: what `${NAME}` reads; the process environment when None.
            overrides: values that replace those of the file, by dotted path: `{"driver.mode": "external"}`.
            signals: let SIGTERM and SIGINT end `wait()` (main thread only); `actorbus run` does so.

        Raises:
            ConfigError: with every problem found, each with file, line and column.
        """
        from actorbus.topology.plan import load

        return cls(load(path, env=env, overrides=overrides, app_dir=app_dir), signals=signals)

    @classmethod
    def from_dict(
        cls, values: Mapping[str, object], *, env: Mapping[str, str] | None = None, signals: bool = False
    ) -> Self:
        """The same from a mapping of values shaped like the file; `env` and `signals` as in `from_yaml`.

        Raises:
            ConfigError: with every problem found.
        """
        from actorbus.topology.plan import load_mapping

        return cls(load_mapping(values, env=env), signals=signals)

    # -- life --------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The topology's name."""
        return self._parts.name

    @property
    def failed(self) -> BaseException | None:
        """The first thing that broke while it ran: a source, a handler that its policy stopped, the driver; or None."""
        return self._failure

    @override
    def open(self) -> Self:
        """Start everything; returns the node. What `with` does on entry.

        Raises:
            BrokenError: driver or client could not start (environment). NotConnected: an own stream did not connect.
            HandlerFailed: a handler or source raised in its start. UsageError: opened before.
        """
        with self._lock:
            if self._state != "new":
                raise UsageError(f"node {self.name!r} was opened before: a node runs once, make another")
            supervisor = SessionSupervisor(self._parts, self._levels, self._note_failure)
            launch(supervisor)
            self._supervisor = supervisor
            try:
                ask(supervisor, Open(), OPEN_TIMEOUT_S)
            except Exception:
                self._state = "closed"
                self._end_supervisor()
                raise
            except BaseException:  # Ctrl-C and the like: whoever pressed it does not wait for a driver any longer
                self._state = "closed"
                supervisor.session.give_up()
                self._end_supervisor(GIVE_UP_S)
                raise
            self._state = "open"
            self._opened_ns = time.monotonic_ns()
            _open_nodes.add(self)
        self.take_signals()
        return self

    @override
    def close(self, *, drain: bool = True) -> None:
        """Drain (or, without `drain`, do not) and stop everything; idempotent, any thread but a handler's own.

        What the stop deadline cut off is counted in the statistics and told in `health()`.

        Raises:
            AskCycle: called by a handler of this node, which close would wait for. ClosedError: the supervisor died.
        """
        if self._pid != os.getpid():  # a forked child: all of it is its parent's, and another thread may hold the lock
            self._state = "closed"
            return
        with self._lock:
            if self._state != "open":
                self._state = "closed"
                return
            self._state = "closed"
            self.give_signals_back()
            _open_nodes.discard(self)
            supervisor = self._need_supervisor()
            try:
                self._clean = bool(
                    ask(supervisor, Close(drain), self._parts.stop_timeout_ns / 1e9 * 2 + CLOSE_MARGIN_S)
                )
            finally:
                self._closed_ns = time.monotonic_ns()
                self._end_supervisor()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(drain=kind is None)

    def _end_supervisor(self, timeout_s: float = 5.0) -> None:
        if self._supervisor is not None:
            self._supervisor.request_stop()
            join(self._supervisor, timeout_s)
            trim_memory()  # what the threads of this life freed: the next may never need as much

    def _need_supervisor(self) -> SessionSupervisor:
        if self._supervisor is None:
            raise ClosedError(f"node {self.name!r} is not open: use `with node:` or node.open()")
        return self._supervisor

    def _note_failure(self, error: BaseException) -> None:
        self._failure = error

    # -- messages ----------------------------------------------------------------------------------------------------

    @overload
    def publisher(self, stream: str) -> Publisher[object]: ...
    @overload
    def publisher(self, stream: str, of: type[M]) -> Publisher[M]: ...
    def publisher(self, stream: str, of: type[M] | None = None) -> Publisher[M] | Publisher[object]:
        """Return the publisher of a stream, usable from any thread; opens its publication the first time.

        Raises:
            UsageError: there is no such stream. ClosedError: the node is not open.
        """
        check_stream(self._parts.streams, stream)
        if of is not None:
            check_types(self._parts.streams[stream], [of])
        return cast("Publisher[M]", ask(self._open_supervisor(), OpenPublisher(stream), OPEN_TIMEOUT_S))

    def subscribe(
        self,
        stream: str,
        first: type[M],
        /,
        *more: type[M],
        start: Given = "live",
        end: Given | None = None,
        speed: str | float | None = None,
        recording: str | Path | None = None,
    ) -> Subscription[M]:
        """Read a stream in the application's own loop; from a recording's place on it goes on live, gapless.

        Args:
            stream: its name in the topology.
            first, more: the message types wanted; `object` takes all that the stream declares.
            start: "live", "earliest", `ab.Sequence(n)`, `ab.Position(n)`, or a datetime with a time zone; `end` too.
            end: where to stop, also "now"; None: go on live.
            speed: "max", "original", or how many times faster than recorded.
            recording: a recorder's name or a recording's folder; None: the first recorder of the stream.

        Raises:
            UsageError: no such stream, type or recorder. InvalidValue: no place. RecordingError. ClosedError.
        """
        check_stream(self._parts.streams, stream)
        part = self._parts.streams[stream]
        check_types(part, wanted := tuple(part.types.values()) if first is object else (first, *more))
        replay = replay_part(self.plan, stream, start, end, speed, recording)
        answer = ask(self._open_supervisor(), OpenSubscriber(stream, wanted, replay), OPEN_TIMEOUT_S)
        return cast("Subscription[M]", answer)

    @override
    def _open_supervisor(self) -> SessionSupervisor:
        if self._state != "open":
            raise ClosedError(f"node {self.name!r} is {self._state}: use it inside `with node:`")
        return self._need_supervisor()

    # -- waiting -----------------------------------------------------------------------------------------------------

    def wait(
        self, *, for_ns: int | None = None, until_idle_ns: int | None = None, stop: Stoppable | None = None
    ) -> str:
        """Wait until a time has passed, nothing has moved for so long, `stop` is set, or something broke.

        Idle counts from the last message, and only once there was one or every source has finished. Returns the
        reason: "time", "idle", "stopped", "failed", or "finished" (neither time nor idle was asked for and every
        source has ended).

        Args:
            for_ns: nanoseconds to wait at most; None: no such end.
            until_idle_ns: nanoseconds without a message that mean idle; None: no such end.
            stop: ends the wait when it is set; SIGTERM and SIGINT set the node's own if `signals` was asked for.

        Raises:
            ClosedError: the node is not open.
        """
        supervisor = self._open_supervisor()
        watched = Watched(
            activity=lambda: activity_of(supervisor.session),
            is_quiet=lambda: supervisor.session.is_quiet,
            failed=lambda: self._failure is not None,
            stops=(stop or self._stop_asked, self._stop_asked),
            sources_finished=(lambda: supervisor.sources_finished) if self._parts.sources else None,
        )
        return wait_until(watched, for_ns=for_ns, until_idle_ns=until_idle_ns)

    @property
    def steering(self) -> Steering:
        """What a test kit asks and tells of a running node. Raises: ClosedError: the node is not open."""
        return Steering(self._open_supervisor())

    @override
    def take_signals(self) -> None:
        """Let SIGTERM and SIGINT end `wait()`, if asked for; on the main thread, else nothing."""
        if self._wants_signals:
            self._signals.take(self._stop_asked)

    @override
    def give_signals_back(self) -> None:
        """Put back the signal handlers that were there before; on the main thread, else nothing."""
        self._signals.give_back()

    # -- what it counted ---------------------------------------------------------------------------------------------

    def stats(self) -> NodeStatistics:
        """Return all counters as one frozen record; also after the node closed.

        Raises:
            ClosedError: the node was never opened.
        """
        self._look()
        session = self._need_supervisor().session
        seconds = ((self._closed_ns or time.monotonic_ns()) - self._opened_ns) / 1e9
        return node_statistics(self.name, seconds, *session.counted)

    def health(self) -> NodeHealth:
        """Return whether it runs and is ready, and what is wrong. Never touches a subscription."""
        problems = [] if self._failure is None else [f"{type(self._failure).__name__}: {self._failure}"]
        if not self._clean:
            problems.append("the last stop was cut off by its deadline: messages on their way were not handled")
        return NodeHealth(
            state=self._state,
            ready=self._state == "open" and not problems,
            problems=tuple(problems),
            driver_directory=None if self._supervisor is None else self._supervisor.session.driver_directory,
        )

    def quarantine(self, stream: str) -> list[Quarantined]:
        """Return the newest 1,024 messages (4 MiB) of a stream that could not be handled, each with its address.

        Raises:
            UsageError: there is no such stream. ClosedError: as `stats`.
        """
        check_stream(self._parts.streams, stream)
        return [quarantined(stream, entry) for entry in self._look().quarantine.get(stream, [])]

    def _look(self) -> Look:
        return self._need_supervisor().look()

    def summary(self) -> dict[str, object]:
        """Return what `actorbus run --summary json` prints, as a JSON object.

        Raises:
            ClosedError: as `stats`.
        """
        return summary_of(self.stats(), self._look().traced, list(self._need_supervisor().events))


def _close_all() -> None:
    for node in list(_open_nodes):
        with contextlib.suppress(ActorBusError):
            node.close(drain=False)


atexit.register(_close_all)
