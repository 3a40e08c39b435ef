"""Dispatch: what users subclass, and how a batch gets to it in priority order. No threads, no Pykka, no YAML."""

from actorbus.dispatch.columns import dtype_of
from actorbus.dispatch.events import (
    ActorRestarted,
    Disconnected,
    EventsLost,
    Gap,
    PublisherJoined,
    PublisherLeft,
    RecorderChanged,
    Recovered,
    ReplayEnded,
    ReplayFailed,
    ReplayGap,
    ReplayHole,
    ReplayJoined,
    ReplayWaits,
    Rewound,
    StreamEvent,
)
from actorbus.dispatch.fixed import FixedDispatcher, as_columns, batch_for
from actorbus.dispatch.handler import (
    BatchHandler,
    ColumnHandler,
    Handler,
    Output,
    OutputPort,
    Source,
    Timer,
    declared_outputs,
    is_async,
    marked_methods,
    on,
)
from actorbus.dispatch.meta import BatchMeta, Meta, MetaCopy
from actorbus.dispatch.order import Mail, MailRoute
from actorbus.dispatch.parcel import Origin, Parcel
from actorbus.dispatch.port import Port
from actorbus.dispatch.publisher import Policy, Publisher
from actorbus.dispatch.refusals import OfferResult
from actorbus.dispatch.routes import Route, calls_for, taken_types
from actorbus.dispatch.state import HandlerState, Latency
from actorbus.dispatch.stream import StreamDispatcher

__all__ = [
    "ActorRestarted",
    "BatchHandler",
    "BatchMeta",
    "ColumnHandler",
    "Disconnected",
    "EventsLost",
    "FixedDispatcher",
    "Gap",
    "Handler",
    "HandlerState",
    "Latency",
    "Mail",
    "MailRoute",
    "Meta",
    "MetaCopy",
    "OfferResult",
    "Origin",
    "Output",
    "OutputPort",
    "Parcel",
    "Policy",
    "Port",
    "Publisher",
    "PublisherJoined",
    "PublisherLeft",
    "RecorderChanged",
    "Recovered",
    "ReplayEnded",
    "ReplayFailed",
    "ReplayGap",
    "ReplayHole",
    "ReplayJoined",
    "ReplayWaits",
    "Rewound",
    "Route",
    "Source",
    "StreamDispatcher",
    "StreamEvent",
    "Timer",
    "as_columns",
    "batch_for",
    "calls_for",
    "declared_outputs",
    "dtype_of",
    "is_async",
    "marked_methods",
    "on",
    "taken_types",
]
