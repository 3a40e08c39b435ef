"""Actors: every thread of a node but Aeron's own. The only package that knows Pykka."""

from actorbus.actors.hosting import RestartPolicy
from actorbus.actors.parts import (
    HandlerPart,
    Look,
    MailboxPart,
    PollerPart,
    QuarantineEntry,
    RecorderPart,
    ReplayPart,
    SessionParts,
    SourcePart,
    StreamPart,
    TapePlace,
)
from actorbus.actors.session import Session
from actorbus.actors.shell import ask, join, launch
from actorbus.actors.steering import Steering
from actorbus.actors.subscriber import Subscription
from actorbus.actors.supervisor import (
    AddPoller,
    AddStream,
    Close,
    Flush,
    Open,
    OpenPublisher,
    OpenSubscriber,
    SessionSupervisor,
)

__all__ = [
    "AddPoller",
    "AddStream",
    "Close",
    "Flush",
    "HandlerPart",
    "Look",
    "MailboxPart",
    "Open",
    "OpenPublisher",
    "OpenSubscriber",
    "PollerPart",
    "QuarantineEntry",
    "RecorderPart",
    "ReplayPart",
    "RestartPolicy",
    "Session",
    "SessionParts",
    "SessionSupervisor",
    "SourcePart",
    "Steering",
    "StreamPart",
    "Subscription",
    "TapePlace",
    "ask",
    "join",
    "launch",
]
