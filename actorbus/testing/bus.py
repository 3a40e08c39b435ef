"""`bus(...)`: a topology that runs in the test's process, with probes on its streams and a clock of its own.

Every question has a deadline, so a test fails instead of hanging; none needs a sleep. `within` is real time in seconds,
the patience with threads that work; `bus.clock` is the time handlers live by. One has nothing to do with the other.
Thread: the test's own, one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeVar

import msgspec

from actorbus.dispatch import Handler, StreamEvent
from actorbus.errors import UsageError
from actorbus.testing.clock import START_TIME_NS, BusClock
from actorbus.testing.probes import Probes
from actorbus.testing.watch import HandlerError, Watch, watched
from actorbus.topology.assembly import stream_part
from actorbus.topology.check import check_file, check_python
from actorbus.topology.figures import NodeStatistics
from actorbus.topology.model import Topology
from actorbus.topology.node import Node
from actorbus.topology.plan import Plan, build_plan
from actorbus.transport import LocalBus

__all__ = ["Bus", "bus"]

M = TypeVar("M")
WITHIN_S: Final = 5.0
"""Real seconds of patience with busy threads, far above what any of them takes: a bus that needs more has a fault."""
NO_DRIVER: Final[Mapping[str, object]] = {"driver": {"mode": "none"}}
LOOK_S: Final = 0.0005
SHOWN: Final = 5
"""Look at busy threads every half millisecond; show five errors of a test, and the number of the rest."""


def bus(
    topology: str | Path | Mapping[str, object] | Topology,
    *,
    env: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    app_dir: str | Path | None = None,
    time_ns: int = START_TIME_NS,
    probes: Iterable[str] | None = None,
    within: float = WITHIN_S,
    recordings: Literal["temporary", "real"] = "temporary",
) -> Bus:
    """Return a bus that runs `topology` in this process: `with ab.testing.bus("topology.yaml") as bus: ...`.

    Whatever the topology says of a driver, CPUs, spinning and a statistics file is left out; the rest is as it says.

    Args:
        topology: a file, a mapping shaped like one, or Structs.
        env: what `${NAME}` reads; the process environment when None.
        overrides: values that replace those of the topology, by dotted path.
        app_dir: put first on `sys.path` instead of a file's folder.
        time_ns: the time of day its clock begins at.
        probes: the streams to probe; None: all. A probed stream is always connected.
        within: real seconds that `settle` and `clock.advance` have to come to rest.
        recordings: where its recorders write, and handlers read: `temporary` folders, empty at the start and removed
            at the end (`bus.recordings` says where), or the `real` ones that the topology names.

    Raises:
        ConfigError: with every problem of the topology. UsageError: a probe names no stream.
    """
    changes = {**NO_DRIVER, **(overrides or {})}
    if isinstance(topology, str | Path):
        checked = check_file(topology, env=env, overrides=changes, app_dir=app_dir)
    else:
        checked = check_python(topology, env=env, overrides=changes, app_dir=app_dir)
    folder = None if recordings == "real" else Path(tempfile.gettempdir()) / f"actorbus-bus-{uuid.uuid4().hex}"
    return Bus(build_plan(checked), time_ns=time_ns, probes=probes, within=within, folder=folder)


class Bus:
    """A running topology and what a test asks of it; made by `bus`."""

    def __init__(
        self, plan: Plan, *, time_ns: int, probes: Iterable[str] | None, within: float, folder: Path | None = None
    ) -> None:
        """Prepare; nothing runs before `with`.

        Args:
            plan: the topology, checked.
            time_ns: the time of day its clock begins at, nanoseconds since the epoch.
            probes: the streams to probe; None: all.
            within: real seconds it has to come to rest.
            folder: of its recordings, removed at the end; None: where the plan says.

        Raises:
            UsageError: a probe names no stream.
        """
        self._watch = Watch()
        self._local = LocalBus()
        self._within = within
        self._folder = folder
        self._plan = _tamed(plan, self._watch) if folder is None else _moved(_tamed(plan, self._watch), folder)
        self.recordings: Mapping[str, Path] = {one.name: Path(one.directory) for one in self._plan.recorders}
        """The folder of each recorder's recording, to read until the bus is left."""
        self._probed = list(plan.streams) if probes is None else list(probes)
        for name in self._probed:
            self._check_name("stream", name, plan.streams)
        self._probes: Probes | None = None
        self.clock: BusClock = BusClock(time_ns, self._advance_by_ns)
        """The clock of handlers, timers and sources; see `BusClock.advance`."""
        self.node: Node = Node(self._plan, clock=self.clock, bus=self._local)
        """The node underneath, for all that a bus has no word for."""

    # -- life --------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        streams = {name: stream_part(self._plan.streams[name]) for name in self._probed}
        self._probes = Probes(self._local, streams)
        try:
            _ = self.node.open()
        except BaseException:
            self._probes.close()
            self._local.close()
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.node.close(drain=kind is None)
        finally:
            if self._probes is not None:
                self._probes.close()
            self._local.close()
            self._remove()
        if kind is None:
            self.check()

    def _remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def check(self) -> None:
        """Fail when a handler raised what nobody expected, or something else of the node broke. Leaving does it too.

        Raises:
            AssertionError: names each error; the first is its cause.
        """
        unexpected = self._watch.unexpected()
        if unexpected:
            raise AssertionError(_told(unexpected)) from unexpected[0].error
        excused = self._watch.excused()
        failed = self.node.failed
        if failed is not None and not any(repr(error.handler) in str(failed) for error in excused):
            raise AssertionError(f"the node failed: {type(failed).__name__}: {failed}") from failed
        counted = {name: figures.errors for name, figures in self.node.stats().handlers.items()}
        for name, count in counted.items():
            more = count - sum(error.handler == name for error in excused)
            if more > 0:
                raise AssertionError(
                    f"handler {name!r} raised {more} times outside its messages (a timer?): see its log"
                )

    # -- messages ----------------------------------------------------------------------------------------------------

    def publish(self, stream: str, *messages: object) -> int:
        """Publish into a stream as the application would, by its policies; returns the last one's sequence.

        Raises:
            As `Publisher.publish`; UsageError: no such stream, or no message.
        """
        publisher = self.node.publisher(stream)
        sequence = -1
        for message in messages:
            sequence = publisher.publish(message)
        if sequence < 0:
            raise UsageError("publish(stream, message, ...) was given no message")
        return sequence

    def expect(self, stream: str, kind: type[M], within: float = 1.0, where: Callable[[M], bool] | None = None) -> M:
        """Return the oldest message (or event, like `ab.Gap`) of a kind that no `expect` took yet; wait for it.

        Args:
            stream: where to look.
            kind: its class; `object` takes any message.
            within: real seconds to wait.
            where: take only what this says True of.

        Raises:
            AssertionError: none came in time; tells what came, and what handlers raised.
            UsageError: there is no such stream, or it has no probe.
        """
        found = self._probe(stream).take(stream, kind, within, where)
        if found is None:
            raise AssertionError(
                f"no {kind.__name__}{'' if where is None else ' that fits'} on stream {stream!r} "
                f"within {within:g} s; {self._probe(stream).describe(stream)}{self._errors()}"
            )
        return found

    def expect_none(
        self, stream: str, kind: type[M], within: float = 0.05, where: Callable[[M], bool] | None = None
    ) -> None:
        """Fail when a message of a kind that no `expect` took is on the stream, or comes within so many real seconds.

        `where` narrows it to those of which it says True.

        Raises:
            AssertionError: one came; shows it. UsageError: there is no such stream, or it has no probe.
        """
        probe = self._probe(stream)
        _ = self.node.steering.settle(timeout_ns=round(self._within * 1e9)) and probe.catch_up(self._within)
        found = probe.take(stream, kind, within, where)
        if found is not None:
            raise AssertionError(f"a {kind.__name__} came on stream {stream!r} that should not: {found!r:.300}")

    def seen(self, stream: str) -> list[object]:
        """Return all messages of a stream so far, in order, once the bus has come to rest.

        Raises:
            AssertionError: it did not come to rest. UsageError: there is no such stream, or it has no probe.
        """
        self.settle()
        return self._probe(stream).seen(stream)

    def events(self, stream: str) -> list[StreamEvent]:
        """Return what happened to a stream so far (`Gap`, `PublisherJoined` ...), once the bus has come to rest.

        Raises:
            AssertionError: it did not come to rest. UsageError: there is no such stream, or it has no probe.
        """
        self.settle()
        return self._probe(stream).events(stream)

    def settle(self, within: float | None = None) -> None:
        """Wait until all that was published has been handled and every source sleeps or has ended.

        Raises:
            AssertionError: it did not come to rest within so many real seconds (default: the bus's own).
        """
        limit = self._within if within is None else within
        deadline = time.monotonic() + limit
        while not self.node.steering.sources_wait(self.clock.monotonic_ns()):
            if time.monotonic() >= deadline:
                raise AssertionError(
                    f"a source neither slept on its clock nor ended within {limit:g} s{self._errors()}"
                )
            time.sleep(LOOK_S)
        left_ns = max(1, round((deadline - time.monotonic()) * 1e9))
        if not self.node.steering.settle(timeout_ns=left_ns):
            raise AssertionError(f"handlers were still busy after {limit:g} s{self._errors()}")
        if self._probes is not None and not self._probes.catch_up(max(0.001, deadline - time.monotonic())):
            raise AssertionError(f"the probes were still busy after {limit:g} s")

    def _advance_by_ns(self, step_ns: int) -> None:
        self.settle()
        target = self.clock.monotonic_ns() + step_ns
        while (due := self.node.steering.next_due_ns()) is not None and due <= target:
            self._move(due)
        self._move(target)

    def _move(self, monotonic_ns: int) -> None:
        self.clock.set_forward(monotonic_ns)
        self.node.steering.clock_moved()
        self.settle()

    # -- handlers ----------------------------------------------------------------------------------------------------

    def handler(self, name: str) -> Handler:
        """Return a handler's object by name, to look at its state, once the bus has come to rest.

        A restart makes another.

        Raises:
            UsageError: the topology has no such handler, or it did not start. AssertionError: no rest in time.
        """
        self._check_handler(name)
        self.settle()
        found = self._watch.handler(name)
        if found is None:
            raise UsageError(f"handler {name!r} has not started")
        return found

    def expect_error(self, handler: str, kind: type[BaseException] = Exception, within: float = 1.0) -> BaseException:
        """Return an error of a kind that a handler raised; wait for it, `within` real seconds.

        What is returned here does not fail the test.

        Raises:
            AssertionError: none was raised in time. UsageError: no such handler.
        """
        self._check_handler(handler)
        found = self._watch.excuse(handler, kind, within)
        if found is None:
            raise AssertionError(f"handler {handler!r} raised no {kind.__name__} within {within:g} s{self._errors()}")
        return found

    def stats(self) -> NodeStatistics:
        """Return the node's counters, once the bus has come to rest.

        Raises:
            AssertionError: it did not.
        """
        self.settle()
        return self.node.stats()

    # -- faults ------------------------------------------------------------------------------------------------------

    def fail_next(self, handler: str, error: BaseException, times: int = 1) -> None:
        """Make a handler raise `error` for its next `times` messages in place of handling them. It is excused.

        Its `on_error` follows.

        Raises:
            UsageError: no such handler.
        """
        self._check_handler(handler)
        self._watch.plan(handler, error, times)

    def drop_next(self, stream: str, count: int = 1) -> None:
        """Lose the next `count` messages of a stream on their way: published and counted, seen by nobody.

        The `Gap` is found with the next message that arrives, or with the publisher's beat, a second later.

        Raises:
            UsageError: no such stream, or it has `frame: none` and so no sequences.
        """
        plan = self._check_name("stream", stream, self._plan.streams)
        if not plan.frame:
            raise UsageError(f"stream {stream!r} has frame none: without sequences nobody sees a gap")
        self._local.meeting(plan.channel, plan.stream_id).fault(lose=count)

    def refuse(self, stream: str, times: int = 1) -> None:
        """Refuse the next `times` messages offered to a stream as back-pressured; retries count, 0 ends it.

        Raises:
            UsageError: no such stream.
        """
        plan = self._check_name("stream", stream, self._plan.streams)
        self._local.meeting(plan.channel, plan.stream_id).fault(refuse=times)

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _probe(self, stream: str) -> Probes:
        _ = self._check_name("stream", stream, self._plan.streams)
        if self._probes is None:
            raise UsageError("the bus is not running: use it inside `with ab.testing.bus(...) as bus:`")
        if stream not in self._probes:
            raise UsageError(f"stream {stream!r} has no probe: name it in bus(probes=...)")
        self._probes.check()
        return self._probes

    def _check_handler(self, name: str) -> None:
        _ = self._check_name("handler", name, {handler.name: handler for handler in self._plan.handlers})

    @staticmethod
    def _check_name[V](what: str, name: str, known: Mapping[str, V]) -> V:
        if name not in known:
            raise UsageError(f"there is no {what} {name!r}; the topology has: {', '.join(known) or 'none'}")
        return known[name]

    def _errors(self) -> str:
        unexpected = self._watch.unexpected()
        return f"; {_told(unexpected)}" if unexpected else ""


def _told(errors: list[HandlerError]) -> str:
    lines = [f"handler {name!r} raised {type(error).__name__}: {error}" for name, error in errors[:SHOWN]]
    if len(errors) > SHOWN:
        lines.append(f"and {len(errors) - SHOWN} more")
    return os.linesep.join(lines)


def _tamed(plan: Plan, watch: Watch) -> Plan:
    """Return the plan without what belongs to a machine (CPUs, spinning, files), its handlers watched."""
    replace = msgspec.structs.replace
    spinning = {"busy_spin", "yield"}
    pollers = tuple(
        replace(
            poller,
            cpu=None,
            idle=poller.idle._replace(kind="backoff") if poller.idle.kind in spinning else poller.idle,
        )
        for poller in plan.pollers
    )
    handlers = tuple(replace(handler, cls=watched(handler.cls, handler.name, watch)) for handler in plan.handlers)
    quiet = replace(plan.observability, statistics=False)
    return replace(plan, pollers=pollers, handlers=handlers, observability=quiet)


def _moved(plan: Plan, folder: Path) -> Plan:
    """Return the plan with its recordings in a folder. Handlers find them there, and their places are kept there."""
    moved = (msgspec.structs.replace(one, directory=str(folder / one.name)) for one in plan.recorders)
    return msgspec.structs.replace(plan, recorders=tuple(moved))
