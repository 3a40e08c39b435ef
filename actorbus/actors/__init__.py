"""Actors: every thread of a node but Aeron's own. The only package that knows Pykka."""

from actorbus.actors.parts import HandlerPart, PollerPart, SessionParts, SourcePart, StreamPart
from actorbus.actors.session import Look, QuarantineEntry
from actorbus.actors.shell import ask, join, launch
from actorbus.actors.subscriber import Subscription
from actorbus.actors.supervisor import (
    AddPoller,
    AddStream,
    Close,
    LookInside,
    Open,
    OpenPublisher,
    OpenSubscriber,
    SessionSupervisor,
)

__all__ = [
    "AddPoller",
    "AddStream",
    "Close",
    "HandlerPart",
    "Look",
    "LookInside",
    "Open",
    "OpenPublisher",
    "OpenSubscriber",
    "PollerPart",
    "QuarantineEntry",
    "SessionParts",
    "SessionSupervisor",
    "SourcePart",
    "StreamPart",
    "Subscription",
    "ask",
    "join",
    "launch",
]
