"""What a topology file may say, as frozen Structs: the one description behind reading, checking and the JSON schema.

Rules of this file:
* Every key of the file is a field here, with its type, range, default and one line of description. Nothing else knows
  which keys exist; `shape.py` reads files by these types and `schema.py` turns them into the JSON schema.
* Names end in `Spec`, so that a declaration (`StreamSpec`) is never taken for the running thing (`Stream`).
* Durations and sizes stay text with a unit (`"1s"`, `"16m"`), as they are written; the plan holds numbers.
* Values of features that come later are declared (an editor may complete them) and refused by `later.py`.

Usable from Python: `Node(ab.Topology(name="x", streams={"s": ab.StreamSpec(stream_id=1, messages=[Bar])}))`.
In Python `cls` and `messages` also take the classes themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actorbus.channel import Channel

__all__ = [
    "BackPressureSpec",
    "BackoffSpec",
    "BatchSpec",
    "CodecSpec",
    "DriverSpec",
    "HandlerSpec",
    "LogSpec",
    "MailboxSpec",
    "NotConnectedSpec",
    "ObservabilitySpec",
    "PollerSpec",
    "RecorderSpec",
    "RetentionSpec",
    "SourceSpec",
    "StreamSpec",
    "SupervisionSpec",
    "Topology",
]

# In step with units.py, which decides; these serve editors (tests/unit/topology/test_schema.py compares the two).
DURATION_PATTERN = r"^\s*[0-9]+(\.[0-9]+)?\s*([nuµμ]s|ms|s|m|min|h|d)\s*$"
SIZE_PATTERN = r"^\s*[0-9]+(\.[0-9]+)?\s*([kKmMgG]([iI]?[bB])?|[bB])?\s*$"
NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$"
CLASS_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*((\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_.]*)?$"
PATH_MAX = 4095
"""Characters; Linux takes no longer path either (PATH_MAX, its ending NUL included)."""
STREAM_ID_MAX = 2_147_483_647
STREAM_ID_MIN = -2_147_483_648
"""Aeron's stream id is an int32."""

type Duration = Annotated[
    str,
    Meta(
        pattern=DURATION_PATTERN,
        description="A duration with its unit: 100us, 10ms, 1s, 5m, 1h.",
        examples=["100ms", "1s"],
        extra={"kind": "duration"},
    ),
]
type Size = Annotated[
    Annotated[str, Meta(pattern=SIZE_PATTERN)] | Annotated[int, Meta(ge=0)],
    Meta(
        description="A size in bytes, or with the unit k, m or g (powers of 1024): 8k, 1m.",
        examples=["8k", "16m"],
        extra={"kind": "size"},
    ),
]
type Name = Annotated[str, Meta(pattern=NAME_PATTERN, max_length=64, extra={"kind": "name"})]
if TYPE_CHECKING:
    type ClassName = str | type[object]
    type Path = str
    type Options = dict[str, object]
    type ChannelText = str | Mapping[str, object] | Channel
else:
    Options = dict[str, Any]
    # `actorbus.channel` says what is right; schema.py writes its table into the JSON schema.
    ChannelText = Annotated[str | dict[str, Any], Meta(extra={"kind": "channel"})]
    # The file holds names; `shape.py` lets classes given from Python pass.
    ClassName = Annotated[
        str,
        Meta(
            pattern=CLASS_PATTERN,
            description="A name of the shelf (count, csv_replay), or module:Class.",
            examples=["count", "myapp.handlers:Range"],
            extra={"kind": "class"},
        ),
    ]
    Path = Annotated[str, Meta(min_length=1, max_length=PATH_MAX, extra={"kind": "path"})]


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all: unknown keys refused. (Frozen and keywords-only must be said again in each subclass.)"""


class DriverSpec(Spec, frozen=True, kw_only=True):
    """The Aeron media driver this node uses."""

    mode: Annotated[
        Literal["embedded", "process", "external", "none"],
        Meta(
            description="embedded: inside this process; process: a child of ours; external: already running; "
            "none: no driver, in-process transport."
        ),
    ] = "embedded"
    directory: Annotated[
        Path | None,
        Meta(
            description="Folder of the driver's shared files. Default: one of our own under /dev/shm; "
            "for mode external Aeron's default, /dev/shm/aeron-USER."
        ),
    ] = None
    threading: Annotated[
        Literal["shared", "shared_network", "dedicated"] | None,
        Meta(description="How many threads the driver has: one, two or three. Default: from the profile."),
    ] = None


class PollerSpec(Spec, frozen=True, kw_only=True):
    """A thread that polls some streams and runs their inline handlers."""

    streams: Annotated[list[Name], Meta(description="The streams it polls; a stream has one poller.")] = []
    cpu: Annotated[
        Annotated[int, Meta(ge=0, le=4095)] | None, Meta(description="CPU to pin the thread to; null: not pinned.")
    ] = None
    idle: Annotated[
        Literal["busy_spin", "yield", "backoff", "sleep"] | None,
        Meta(description="What the thread does when there is no message. Default: from the profile."),
    ] = None


class CodecSpec(Spec, frozen=True, kw_only=True):
    """How messages become bytes: format, then compression, then security."""

    format: Annotated[
        Literal["msgpack", "json", "protobuf", "struct", "raw"], Meta(description="Format of a message body.")
    ] = "msgpack"
    compression: Annotated[str, Meta(description="What bodies are compressed with: none.")] = "none"
    security: Annotated[str, Meta(description="What bodies are sealed or signed with: none.")] = "none"


class BackPressureSpec(Spec, frozen=True, kw_only=True):
    """What a publisher does when subscribers are slow."""

    policy: Annotated[
        Literal["block", "drop_newest", "conflate", "raise"],
        Meta(
            description="block: wait up to `timeout`, then raise; raise: at once; drop_newest: drop it, counted; "
            "conflate: keep the newest message of each `key` until there is room."
        ),
    ] = "block"
    timeout: Annotated[Duration, Meta(description="How long block waits.")] = "1s"
    key: Annotated[str | None, Meta(description="conflate: the field that tells messages apart.")] = None


class NotConnectedSpec(Spec, frozen=True, kw_only=True):
    """What a publisher does when nobody subscribes."""

    policy: Annotated[
        Literal["wait", "drop", "raise"],
        Meta(description="wait: up to `timeout`, then raise; raise: at once; drop: drop it, counted."),
    ] = "wait"
    timeout: Annotated[Duration, Meta(description="How long wait waits.")] = "5s"


class BatchSpec(Spec, frozen=True, kw_only=True):
    """Several messages in one Aeron message."""

    max_messages: Annotated[
        int, Meta(ge=1, le=65_535, description="Most messages in one frame; 1: only lists and arrays share one.")
    ] = 1
    max_bytes: Annotated[Size, Meta(description="Most bytes in one frame, its header included.")] = "8k"
    linger: Annotated[
        Duration,
        Meta(
            description="How long the first message of a frame waits for others; "
            "0s: only publish_many and publish_columns make frames of several."
        ),
    ] = "0s"


class StreamSpec(Spec, frozen=True, kw_only=True):
    """One stream: an Aeron channel and stream id, the messages it carries and how."""

    stream_id: Annotated[
        int, Meta(ge=STREAM_ID_MIN, le=STREAM_ID_MAX, description="Aeron stream id; unique on its channel.")
    ]
    channel: Annotated[
        ChannelText, Meta(description="An Aeron URI, or a mapping of its parameters (`term_length` for term-length).")
    ] = "aeron:ipc"
    messages: Annotated[
        list[ClassName],
        Meta(description="Messages of ours (Bar, Quote, ...) or module:Class; not given for format raw."),
    ] = []
    codec: Annotated[CodecSpec, Meta(description="Format, compression and security.")] = CodecSpec()
    frame: Annotated[
        Literal["actorbus", "none"],
        Meta(
            description="actorbus: our 32-byte header; none: bytes as another Aeron application writes them "
            "(with format raw)."
        ),
    ] = "actorbus"
    back_pressure: Annotated[BackPressureSpec, Meta(description="When subscribers are slow.")] = BackPressureSpec()
    not_connected: Annotated[NotConnectedSpec, Meta(description="When nobody subscribes.")] = NotConnectedSpec()
    batch: Annotated[BatchSpec, Meta(description="Batch frames.")] = BatchSpec()


class SourceSpec(Spec, frozen=True, kw_only=True):
    """An actor that produces messages by itself, on a thread of its own."""

    stream: Annotated[Name, Meta(description="The stream it publishes to.")]
    cls: ClassName = msgspec.field(name="class")
    options: Annotated[Options, Meta(description="Keyword arguments of its __init__.")] = {}


class MailboxSpec(Spec, frozen=True, kw_only=True):
    """Bounds of the mailbox of a handler with a thread of its own."""

    messages: Annotated[int, Meta(ge=1, description="Most messages waiting.")] = 65_536
    bytes: Annotated[Size, Meta(description="Most bytes waiting.")] = "64m"
    overflow: Annotated[
        Literal["block", "drop_newest", "drop_oldest", "conflate", "raise"], Meta(description="When it is full.")
    ] = "block"
    key: Annotated[str | None, Meta(description="conflate: the field that tells messages apart.")] = None


class HandlerSpec(Spec, frozen=True, kw_only=True):
    """A handler: the messages of its streams are given to an object of its class, in order of priority."""

    cls: ClassName = msgspec.field(name="class")
    stream: Annotated[Name | None, Meta(description="The stream it handles; or `streams` for several.")] = None
    streams: Annotated[list[Name], Meta(description="The streams it handles, all of one poller.")] = []
    priority: Annotated[
        int, Meta(ge=-1_000_000, le=1_000_000, description="Higher ones get a message first; ties: order in the file.")
    ] = 0
    dispatch: Annotated[
        Literal["inline", "mailbox", "process"],
        Meta(description="inline: on the poller's thread; mailbox: on its own; process: in another process."),
    ] = "inline"
    publishes: Annotated[dict[str, Name], Meta(description="Which stream each Output of the class goes to.")] = {}
    options: Annotated[Options, Meta(description="Keyword arguments of its __init__.")] = {}
    on_error: Annotated[
        Literal["quarantine", "skip", "restart", "stop"],
        Meta(description="When it raises: keep the message for inspection, only count, restart it, or stop the node."),
    ] = "quarantine"
    mailbox: Annotated[MailboxSpec | None, Meta(description="Bounds, for dispatch mailbox.")] = None
    after: Annotated[list[Name], Meta(description="Handlers that run before this one, across mailboxes.")] = []
    start: Annotated[
        str | dict[str, int | str] | None,
        Meta(description="live (the default), earliest, or a place: {sequence: 9}, {position: 96}, {time: ...Z}."),
    ] = None
    resume: Annotated[bool, Meta(description="Go on after the last handled message of its stream's recording.")] = False


class RetentionSpec(Spec, frozen=True, kw_only=True):
    """What a recording may forget: whole old segments, never one that a consumer still needs."""

    age: Annotated[Duration | None, Meta(description="Records older than this.")] = None
    size: Annotated[Size | None, Meta(description="The oldest, while all of them together are larger.")] = None


class RecorderSpec(Spec, frozen=True, kw_only=True):
    """Writes streams to disk."""

    streams: Annotated[list[Name], Meta(description="What it records.")]
    directory: Annotated[Path, Meta(description="Where.")]
    backend: Annotated[Literal["journal", "jsonl", "archive"], Meta(description="How.")] = "journal"
    sync: Annotated[
        Literal["durable", "interval", "none"],
        Meta(description="durable: every write waits for the disk; interval: the disk is waited for now and then."),
    ] = "durable"
    interval: Annotated[Duration, Meta(description="How often sync interval waits for the disk.")] = "100ms"
    segment: Annotated[Size, Meta(description="Length of a file of the journal, a power of two, 64k to 1g.")] = "128m"
    on_slow: Annotated[
        Literal["hold", "shed"],
        Meta(description="When the disk cannot follow: hold the publishers, or leave messages out and count them."),
    ] = "hold"
    retention: Annotated[RetentionSpec, Meta(description="What may be removed again; nothing by itself.")] = (
        RetentionSpec()
    )


class BackoffSpec(Spec, frozen=True, kw_only=True):
    """Pauses between restarts: doubled each time."""

    initial: Annotated[Duration, Meta(description="The first pause.")] = "100ms"
    max: Annotated[Duration, Meta(description="The longest pause.")] = "5s"


class SupervisionSpec(Spec, frozen=True, kw_only=True):
    """How often a failed actor is started again."""

    strategy: Annotated[Literal["one_for_one"], Meta(description="Only the failed actor is restarted.")] = "one_for_one"
    max_restarts: Annotated[int, Meta(ge=0, le=1_000_000, description="At most so many within `within`.")] = 5
    within: Annotated[Duration, Meta(description="The window of `max_restarts`.")] = "60s"
    backoff: Annotated[BackoffSpec, Meta(description="Pauses between restarts.")] = BackoffSpec()


class LogSpec(Spec, frozen=True, kw_only=True):
    """The log of `actorbus run`, on stderr."""

    format: Annotated[
        Literal["auto", "text", "json"], Meta(description="auto: text on a terminal, JSON lines otherwise.")
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least severe level that is written.")
    ] = "info"


class ObservabilitySpec(Spec, frozen=True, kw_only=True):
    """What can be seen from outside."""

    http: Annotated[str | None, Meta(description='"HOST:PORT" to serve metrics and health; null: not served.')] = None
    log: Annotated[LogSpec, Meta(description="Format and level of the log.")] = LogSpec()
    statistics: Annotated[bool, Meta(description="Keep the statistics file of this process.")] = True


class Topology(Spec, frozen=True, kw_only=True):
    """Who exists and who talks to whom, in one file."""

    version: Annotated[Literal[1], Meta(description="Version of this format.")] = 1
    name: Annotated[Name, Meta(description="Name of the node, in logs and statistics.")]
    profile: Annotated[
        Path,
        Meta(
            description="laptop, low-latency, ci, or the path of a profile file.",
            examples=["laptop", "low-latency", "ci"],
        ),
    ] = "laptop"
    driver: Annotated[DriverSpec, Meta(description="The media driver.")] = DriverSpec()
    pollers: Annotated[
        dict[Name, PollerSpec], Meta(description="Threads; a stream in no poller goes to an implicit one, `default`.")
    ] = {}
    streams: Annotated[dict[Name, StreamSpec], Meta(description="The streams, by name.")] = {}
    sources: Annotated[dict[Name, SourceSpec], Meta(description="Actors that produce by themselves.")] = {}
    handlers: Annotated[dict[Name, HandlerSpec], Meta(description="Actors that handle messages.")] = {}
    recorders: Annotated[dict[Name, RecorderSpec], Meta(description="Actors that write streams to disk.")] = {}
    supervision: Annotated[SupervisionSpec, Meta(description="Restarts.")] = SupervisionSpec()
    observability: Annotated[ObservabilitySpec, Meta(description="Logs, metrics, health.")] = ObservabilitySpec()
    security: Annotated[Options, Meta(description="Keys by reference: file, env or a key provider; never inline.")] = {}
