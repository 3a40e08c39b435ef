"""Dispatch: what users subclass, and how a batch gets to it in priority order. No threads, no Pykka, no YAML."""

from actorbus.dispatch.events import (
    Disconnected,
    EventsLost,
    Gap,
    PublisherJoined,
    PublisherLeft,
    Recovered,
    Rewound,
    StreamEvent,
)
from actorbus.dispatch.handler import Handler, Output, OutputPort, Source, Timer, declared_outputs, marked_methods, on
from actorbus.dispatch.meta import Meta, MetaCopy
from actorbus.dispatch.publisher import OfferResult, Policy, Publisher
from actorbus.dispatch.routes import Route, calls_for, taken_types
from actorbus.dispatch.stream import HandlerState, Latency, Port, StreamDispatcher

__all__ = [
    "Disconnected",
    "EventsLost",
    "Gap",
    "Handler",
    "HandlerState",
    "Latency",
    "Meta",
    "MetaCopy",
    "OfferResult",
    "Output",
    "OutputPort",
    "Policy",
    "Port",
    "Publisher",
    "PublisherJoined",
    "PublisherLeft",
    "Recovered",
    "Rewound",
    "Route",
    "Source",
    "StreamDispatcher",
    "StreamEvent",
    "Timer",
    "calls_for",
    "declared_outputs",
    "marked_methods",
    "on",
    "taken_types",
]
