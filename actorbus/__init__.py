"""actorbus: typed messages over Aeron, to prioritised handlers, declared in YAML.

    import actorbus as ab

    class Halt(ab.Message, type_id=1001, version=1):
        symbol: str
        reason: str = ""

    with ab.quick() as node:
        node.stream("halts", Halt)
        node.on("halts", print)
        node.publisher("halts").publish(Halt("EURUSD"))

Rules of this file:

* The public face: a name that is not in ``__all__`` may change in any release.
* Light: importing it loads the words (messages, errors, clock) and nothing else. What needs native code, Pykka or
  YAML is imported when its name is first read.
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

from actorbus.clock import Clock, ManualClock, SystemClock
from actorbus.errors import (
    ActorBusError,
    AddressInUse,
    AskCycle,
    AuthenticationFailed,
    BackPressured,
    BrokenError,
    ClosedError,
    ConfigError,
    DecodeError,
    DirectoryRefused,
    DriverLost,
    DriverUnavailable,
    EncodeError,
    EnvironmentFault,
    FrameCorrupt,
    HandlerFailed,
    InternalError,
    InvalidValue,
    LibraryMissing,
    MailboxFull,
    MessageTooLarge,
    NativeError,
    NotConnected,
    OutOfMemory,
    PermissionRefused,
    Problem,
    RecordingError,
    Refused,
    Replayed,
    StaleError,
    TooLarge,
    UnknownType,
    UsageError,
)
from actorbus.message import (
    ABSTRACT,
    Chars,
    Int8,
    Int16,
    Int32,
    Int64,
    Message,
    Octets,
    Price,
    Quantity,
    UInt8,
    UInt16,
    UInt32,
    price,
    quantity,
    to_decimal,
    validate,
)
from actorbus.messages import (
    Action,
    AssetClass,
    Bar,
    BookAction,
    BookUpdate,
    Control,
    Event,
    Liquidity,
    MarketData,
    News,
    Order,
    OrderStatus,
    OrderType,
    Quote,
    Severity,
    Side,
    Status,
    TimeInForce,
    Trade,
    TradePrint,
    TradingState,
    Urgency,
)
from actorbus.recording import (
    CorruptRecord,
    FormatRefused,
    JournalLocked,
    OutOfSpace,
    Position,
    PositionPurged,
    RecordingNotFound,
    Sequence,
    StorageFailed,
)

if _typing.TYPE_CHECKING:
    from actorbus import testing
    from actorbus.actors import Subscription
    from actorbus.channel import Channel
    from actorbus.dispatch import (
        ActorRestarted,
        BatchHandler,
        BatchMeta,
        ColumnHandler,
        Disconnected,
        EventsLost,
        Gap,
        Handler,
        Meta,
        MetaCopy,
        OfferResult,
        Output,
        Publisher,
        PublisherJoined,
        PublisherLeft,
        RecorderChanged,
        Recovered,
        Rewound,
        Source,
        StreamEvent,
        Timer,
        on,
    )
    from actorbus.topology.figures import NodeHealth, NodeStatistics, Quarantined
    from actorbus.topology.model import (
        BackoffSpec,
        BackPressureSpec,
        BatchSpec,
        CodecSpec,
        DriverSpec,
        HandlerSpec,
        LogSpec,
        MailboxSpec,
        NotConnectedSpec,
        ObservabilitySpec,
        PollerSpec,
        RecorderSpec,
        SourceSpec,
        StreamSpec,
        SupervisionSpec,
        Topology,
    )
    from actorbus.topology.node import Node
    from actorbus.topology.quick import QuickNode, quick

__all__ = [
    "ABSTRACT",
    "Action",
    "ActorBusError",
    "ActorRestarted",
    "AddressInUse",
    "AskCycle",
    "AssetClass",
    "AuthenticationFailed",
    "BackPressureSpec",
    "BackPressured",
    "BackoffSpec",
    "Bar",
    "BatchHandler",
    "BatchMeta",
    "BatchSpec",
    "BookAction",
    "BookUpdate",
    "BrokenError",
    "Channel",
    "Chars",
    "Clock",
    "ClosedError",
    "CodecSpec",
    "ColumnHandler",
    "ConfigError",
    "Control",
    "CorruptRecord",
    "DecodeError",
    "DirectoryRefused",
    "Disconnected",
    "DriverLost",
    "DriverSpec",
    "DriverUnavailable",
    "EncodeError",
    "EnvironmentFault",
    "Event",
    "EventsLost",
    "FormatRefused",
    "FrameCorrupt",
    "Gap",
    "Handler",
    "HandlerFailed",
    "HandlerSpec",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "InternalError",
    "InvalidValue",
    "JournalLocked",
    "LibraryMissing",
    "Liquidity",
    "LogSpec",
    "MailboxFull",
    "MailboxSpec",
    "ManualClock",
    "MarketData",
    "Message",
    "MessageTooLarge",
    "Meta",
    "MetaCopy",
    "NativeError",
    "News",
    "Node",
    "NodeHealth",
    "NodeStatistics",
    "NotConnected",
    "NotConnectedSpec",
    "ObservabilitySpec",
    "Octets",
    "OfferResult",
    "Order",
    "OrderStatus",
    "OrderType",
    "OutOfMemory",
    "OutOfSpace",
    "Output",
    "PermissionRefused",
    "PollerSpec",
    "Position",
    "PositionPurged",
    "Price",
    "Problem",
    "Publisher",
    "PublisherJoined",
    "PublisherLeft",
    "Quantity",
    "Quarantined",
    "QuickNode",
    "Quote",
    "RecorderChanged",
    "RecorderSpec",
    "RecordingError",
    "RecordingNotFound",
    "Recovered",
    "Refused",
    "Replayed",
    "Rewound",
    "Sequence",
    "Severity",
    "Side",
    "Source",
    "SourceSpec",
    "StaleError",
    "Status",
    "StorageFailed",
    "StreamEvent",
    "StreamSpec",
    "Subscription",
    "SupervisionSpec",
    "SystemClock",
    "TimeInForce",
    "Timer",
    "TooLarge",
    "Topology",
    "Trade",
    "TradePrint",
    "TradingState",
    "UInt8",
    "UInt16",
    "UInt32",
    "UnknownType",
    "Urgency",
    "UsageError",
    "__version__",
    "on",
    "price",
    "quantity",
    "quick",
    "testing",
    "to_decimal",
    "validate",
]

__version__ = "0.1.0"
"""The release, as in pyproject.toml (tests/meta/test_lazy_face.py): SemVer, below 1.0 an alpha."""

_LAZY = {
    "testing": "actorbus",
    "Subscription": "actorbus.actors",
    "Channel": "actorbus.channel",
    "ActorRestarted": "actorbus.dispatch",
    "RecorderChanged": "actorbus.dispatch",
    "BatchHandler": "actorbus.dispatch",
    "BatchMeta": "actorbus.dispatch",
    "ColumnHandler": "actorbus.dispatch",
    "Disconnected": "actorbus.dispatch",
    "EventsLost": "actorbus.dispatch",
    "Gap": "actorbus.dispatch",
    "Handler": "actorbus.dispatch",
    "Meta": "actorbus.dispatch",
    "MetaCopy": "actorbus.dispatch",
    "OfferResult": "actorbus.dispatch",
    "Output": "actorbus.dispatch",
    "Publisher": "actorbus.dispatch",
    "PublisherJoined": "actorbus.dispatch",
    "PublisherLeft": "actorbus.dispatch",
    "Recovered": "actorbus.dispatch",
    "Rewound": "actorbus.dispatch",
    "Source": "actorbus.dispatch",
    "StreamEvent": "actorbus.dispatch",
    "Timer": "actorbus.dispatch",
    "on": "actorbus.dispatch",
    "NodeHealth": "actorbus.topology.figures",
    "NodeStatistics": "actorbus.topology.figures",
    "Quarantined": "actorbus.topology.figures",
    "BackPressureSpec": "actorbus.topology.model",
    "BackoffSpec": "actorbus.topology.model",
    "BatchSpec": "actorbus.topology.model",
    "CodecSpec": "actorbus.topology.model",
    "DriverSpec": "actorbus.topology.model",
    "HandlerSpec": "actorbus.topology.model",
    "LogSpec": "actorbus.topology.model",
    "MailboxSpec": "actorbus.topology.model",
    "NotConnectedSpec": "actorbus.topology.model",
    "ObservabilitySpec": "actorbus.topology.model",
    "PollerSpec": "actorbus.topology.model",
    "RecorderSpec": "actorbus.topology.model",
    "SourceSpec": "actorbus.topology.model",
    "StreamSpec": "actorbus.topology.model",
    "SupervisionSpec": "actorbus.topology.model",
    "Topology": "actorbus.topology.model",
    "Node": "actorbus.topology.node",
    "QuickNode": "actorbus.topology.quick",
    "quick": "actorbus.topology.quick",
}
"""Name to the module that defines it; the imports above say the same (tests/meta/test_lazy_face.py)."""


def __getattr__(name: str) -> object:
    """Import a name of the face when it is first read."""
    if name not in _LAZY:
        raise AttributeError(f"module 'actorbus' has no attribute {name!r}")
    home = _LAZY[name]
    inside = home == __name__  # a module of this package, not a name in one
    value: object = (
        _importlib.import_module(f"{home}.{name}") if inside else getattr(_importlib.import_module(home), name)
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, also those not imported yet."""
    return sorted({*globals(), *__all__})
