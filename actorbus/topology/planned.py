"""What a plan is made of: frozen records with every default filled in and every unit turned into a number.

Made by `plan.py` alone. Times are nanoseconds, sizes bytes, channels full Aeron URIs, classes classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from actorbus.dispatch import Handler, Source
from actorbus.errors import Problem
from actorbus.recording import Place, Retention
from actorbus.topology.memory import Budget
from actorbus.topology.profiles import Profile
from actorbus.transport import DriverSettings

__all__ = [
    "DriverPlan",
    "HandlerPlan",
    "IdlePlan",
    "MailboxPlan",
    "ObservabilityPlan",
    "Plan",
    "PollerPlan",
    "RecorderPlan",
    "Refusal",
    "SourcePlan",
    "StreamPlan",
    "SupervisionPlan",
]


class IdlePlan(NamedTuple):
    """How a poller waits; parks in nanoseconds."""

    kind: Literal["busy_spin", "yield", "backoff", "sleep"]
    max_spins: int
    max_yields: int
    min_park_ns: int
    max_park_ns: int
    rest_park_ns: int | None = None


class Refusal(NamedTuple):
    """What a publisher does when an offer is refused: a policy and how long it waits."""

    policy: str
    timeout_ns: int


class DriverPlan(msgspec.Struct, frozen=True):
    """The driver. `directory` None: one of our own. `settings` are the profile's, for a driver that we start."""

    mode: str
    directory: str | None
    threading: str
    settings: DriverSettings


class PollerPlan(msgspec.Struct, frozen=True):
    """A poller thread and its streams, those without handlers too."""

    name: str
    cpu: int | None
    idle: IdlePlan
    streams: tuple[str, ...]


class StreamPlan(msgspec.Struct, frozen=True):
    """A stream. `types` is `(bytes,)` for raw; `frame` says whether our header is written."""

    name: str
    channel: str
    stream_id: int
    types: tuple[type, ...]
    format: str
    frame: bool
    back_pressure: Refusal
    not_connected: Refusal
    term_length: int
    mtu: int | None
    max_message_length: int
    """Bytes of the longest body."""
    gather: tuple[int, int, int] | None = None
    """Batch frames: most messages, most bytes, linger; None: of lists and arrays alone."""
    conflate_key: str | None = None
    """The field that tells messages apart, for back pressure policy conflate."""


class SourcePlan(msgspec.Struct, frozen=True):
    """A source and the stream it publishes to."""

    name: str
    stream: str
    cls: type[Source[object]]
    options: Mapping[str, object]


class MailboxPlan(NamedTuple):
    """The mailbox of a handler with a thread of its own; bytes as a number."""

    messages: int
    bytes: int
    overflow: str
    key: str | None


class HandlerPlan(msgspec.Struct, frozen=True):
    """A handler; `order` is its place in the file, which decides between equal priorities."""

    name: str
    streams: tuple[str, ...]
    cls: type[Handler]
    options: Mapping[str, object]
    priority: int
    order: int
    dispatch: str
    publishes: Mapping[str, str]
    on_error: str
    mailbox: MailboxPlan | None = None
    """For dispatch mailbox, with its defaults; else None."""
    after: tuple[str, ...] = ()
    start: Place | None = None
    """For one that reads a recording: where it begins, the first time if it resumes; None: live."""
    resume: bool = False
    is_fed: bool = True
    """Whether it gets the messages of its streams; else those alone that are redriven."""


class RecorderPlan(msgspec.Struct, frozen=True):
    """A recorder; `directory` is absolute, times are nanoseconds, sizes bytes."""

    name: str
    streams: tuple[str, ...]
    backend: Literal["journal", "jsonl"]
    directory: str
    sync: Literal["durable", "interval", "none"]
    interval_ns: int
    segment_length: int
    shed: bool
    """Leave messages out, counted, when the disk cannot follow; else hold the publishers."""
    retention: Retention


class SupervisionPlan(msgspec.Struct, frozen=True):
    """Restarts, in nanoseconds."""

    strategy: str
    max_restarts: int
    within_ns: int
    backoff_initial_ns: int
    backoff_max_ns: int


class ObservabilityPlan(msgspec.Struct, frozen=True):
    """What can be seen from outside."""

    http: str | None
    log_format: str
    log_level: str
    statistics: bool


class Plan(msgspec.Struct, frozen=True):
    """Everything a node needs to run."""

    name: str
    profile: Profile
    driver: DriverPlan
    pollers: tuple[PollerPlan, ...]
    idle: IdlePlan
    """The profile's, for pollers made while the node runs."""
    streams: Mapping[str, StreamPlan]
    sources: tuple[SourcePlan, ...]
    handlers: tuple[HandlerPlan, ...]
    recorders: tuple[RecorderPlan, ...]
    supervision: SupervisionPlan
    observability: ObservabilityPlan
    switch_interval_ns: int
    memory: Budget
    warnings: tuple[Problem, ...]

    @property
    def memory_budget(self) -> int:
        """Bytes of shared memory this node needs."""
        return self.memory.total
