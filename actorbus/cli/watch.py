"""Watching streams from the shell: what `sub` and `tail` have in common.

    node.subscribe (one thread a stream) --> one bounded queue --> filter --> stdout

JSON lines when piped, one line of text a message on a terminal. Ends by count, by time, by SIGTERM or Ctrl-C, when
whoever reads our output has gone, and with an error when the driver has. A slow reader of ours is a slow subscriber: it
is back pressure for the publisher.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Self, cast

import msgspec

from actorbus.actors import Subscription
from actorbus.cli.colour import is_wanted, paint
from actorbus.cli.lines import line_of
from actorbus.cli.signals import StopSignals
from actorbus.dispatch import MetaCopy
from actorbus.errors import InvalidValue
from actorbus.topology.node import Node
from actorbus.topology.plan import Plan
from actorbus.topology.report import one_of
from actorbus.topology.stopping import Stoppable

__all__ = ["Condition", "Limits", "check_conditions", "conditions", "matches", "watch"]

QUEUE_MAX = 1024
LOOK_S = 0.05
JOIN_S = 5.0
VALUE_MAX = 60
EMPTY = ("", None, "unknown", 0)
LINE_FIELDS = ("stream", "type", "sequence", "session", "position", "time_ns")
"""What a line says of each message itself (`lines.line_of`)."""


type Received = tuple[object, MetaCopy]


class Limits(NamedTuple):
    """When watching ends: whatever comes first."""

    messages: int | None
    for_ns: int | None


class Condition(NamedTuple):
    """One filter: a field of the message, or of the line, has this text."""

    field: str
    text: str


def conditions(given: Sequence[str]) -> list[Condition]:
    """Return the conditions of `--where symbol=AAPL`.

    Raises:
        InvalidValue: one has no `=`.
    """
    found: list[Condition] = []
    for text in given:
        field, equals, value = text.partition("=")
        if not equals or not field:
            raise InvalidValue(f"--where {text!r} is no condition", hint="write FIELD=VALUE, as in symbol=AAPL")
        found.append(Condition(field.strip(), value.strip()))
    return found


def check_conditions(wanted: Sequence[Condition], plan: Plan) -> None:
    """Refuse what no message of these streams can match.

    Raises:
        InvalidValue: no message there, and no line of ours, has such a field; or there is no such type or stream.
    """
    types = {cls.__name__: cls for stream in plan.streams.values() for cls in stream.types}
    fields = {name: None for cls in types.values() if issubclass(cls, msgspec.Struct) for name in cls.__struct_fields__}
    for condition in wanted:
        known = {"type": list(types), "stream": list(plan.streams)}.get(condition.field)
        if condition.field not in fields and condition.field not in LINE_FIELDS:
            whose = f"{next(iter(types))} has no" if len(types) == 1 else f"none of {', '.join(types)} has a"
            raise InvalidValue(
                f"{whose} field {condition.field!r}",
                hint=one_of(condition.field, [*fields, *LINE_FIELDS]),
            )
        if known is not None and condition.field not in fields and condition.text not in known:
            raise InvalidValue(
                f"there is no {condition.field} {condition.text!r} here", hint=one_of(condition.text, known)
            )


def matches(line: Mapping[str, object], wanted: Sequence[Condition]) -> bool:
    """Whether a line has all that is wanted; the field of a message wins over one of the line of the same name."""
    message = cast("Mapping[str, object]", line.get("message") or {})
    return all(
        str(message.get(condition.field, line.get(condition.field, ""))) == condition.text for condition in wanted
    )


def watch(
    node: Node, streams: Sequence[str], wanted: Sequence[Condition], limits: Limits, *, form: str, lean: bool
) -> bool:
    """Print messages until a limit or a signal; return whether it was Ctrl-C.

    Args:
        form: `auto`, `json` or `text`.
        lean: in JSON print the message alone, without where it came from.
    """
    as_json = form == "json" or (form == "auto" and not sys.stdout.isatty())
    colour = is_wanted(sys.stdout)
    deadline = None if limits.for_ns is None else time.monotonic_ns() + limits.for_ns
    printed = 0
    with StopSignals() as stop, node, _Funnel([node.subscribe(stream, object) for stream in streams]) as funnel:
        for message, meta in funnel.until(node, stop.event, deadline):
            line = line_of(message, meta)
            if not matches(line, wanted):
                continue
            if as_json:
                shown = line.get("message", line.get("base64")) if lean else line
                print(msgspec.json.encode(shown).decode(), flush=True)
            else:
                print(_text(line, colour=colour), flush=True)
            printed += 1
            if printed == limits.messages:
                break
    return stop.interrupted


class _Funnel:
    """Brings what several subscriptions read, each on a thread of its own, into one bounded queue."""

    def __init__(self, subscriptions: Sequence[Subscription[object]]) -> None:
        self._subscriptions = subscriptions
        self._received: queue.Queue[Received | None] = queue.Queue(QUEUE_MAX)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(one,), name=f"watch-{one.stream}") for one in subscriptions
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for subscription in self._subscriptions:
            subscription.close()
        for thread in self._threads:
            thread.join(JOIN_S)

    def until(self, node: Node, stop: Stoppable, deadline_ns: int | None) -> Iterator[Received]:
        """Yield what comes, until the stop, the deadline, or the end of a stream.

        Raises:
            BrokenError: the driver has gone, with the topology that ran it.
        """
        while not stop.is_set() and (deadline_ns is None or time.monotonic_ns() < deadline_ns):
            try:
                received = self._received.get(timeout=LOOK_S)
            except queue.Empty:
                if node.failed is not None:
                    raise node.failed from None
                continue
            if received is None:
                return
            yield received

    def _read(self, subscription: Subscription[object]) -> None:
        if all(self._put(received) for received in subscription.with_meta()):
            self._put(None)

    def _put(self, received: Received | None) -> bool:
        while not self._over.is_set():
            try:
                self._received.put(received, timeout=LOOK_S)
            except queue.Full:
                continue
            return True
        return False


def _text(line: Mapping[str, object], *, colour: bool) -> str:
    moment = time.strftime("%H:%M:%S", time.localtime(cast("int", line["time_ns"]) // 1_000_000_000))
    fields = cast("Mapping[str, object]", line.get("message", {"base64": line.get("base64")}))
    shown = "  ".join(f"{name}={_cut(value)}" for name, value in fields.items() if value not in EMPTY)
    return f"{paint(moment, 'quiet', colour=colour)} {line['stream']} {line['sequence']} {line['type']}  {shown}"


def _cut(value: object) -> str:
    text = str(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 3]}..."
