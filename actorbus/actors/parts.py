"""What a session is made of: plain records, filled by the composition layer from a topology. No behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from actorbus.clock import Clock
from actorbus.codec import Decoding
from actorbus.dispatch import Handler, Policy, Source
from actorbus.ffi import Idle
from actorbus.transport import Driver

__all__ = ["HandlerPart", "PollerPart", "SessionParts", "SourcePart", "StreamPart"]


class StreamPart(NamedTuple):
    """One stream. `types` is what it declares (`(bytes,)` for raw); `channel` is a full Aeron URI."""

    name: str
    channel: str
    stream_id: int
    types: Mapping[int, type]
    versions: Mapping[int, int]
    format_id: int
    framed: bool
    encode: Callable[[object], bytes] | None
    decoding: Callable[[tuple[type, ...]], Decoding]
    policy: Policy


class PollerPart(NamedTuple):
    """One poller thread: its streams (those that have handlers), its core or None, how it idles."""

    name: str
    streams: tuple[str, ...]
    cpu: int | None
    idle: Idle


class HandlerPart(NamedTuple):
    """One handler of `dispatch: inline`. `publishes` maps its outputs to streams."""

    name: str
    cls: type[Handler]
    options: Mapping[str, object]
    streams: tuple[str, ...]
    priority: int
    order: int
    on_error: str
    publishes: Mapping[str, str]


class SourcePart(NamedTuple):
    """One source and the stream it publishes into."""

    name: str
    cls: type[Source[object]]
    options: Mapping[str, object]
    stream: str


class SessionParts(NamedTuple):
    """Everything a session needs. `make_driver` makes the driver, not yet started."""

    name: str
    make_driver: Callable[[], Driver]
    clock: Clock
    streams: Mapping[str, StreamPart]
    pollers: tuple[PollerPart, ...]
    handlers: tuple[HandlerPart, ...]
    sources: tuple[SourcePart, ...]
    statistics: bool
    connect_timeout_ns: int
    stop_timeout_ns: int
