"""Rules of streams and who uses them: references, pollers, ids, messages, formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

from actorbus import messages
from actorbus.errors import UsageError
from actorbus.message import (
    Message,
    TypeSet,
    describe_class,
    fixed_layout_of,
    is_message_class,
    layout_of,
    type_id_of,
)
from actorbus.topology.facts import DEFAULT_POLLER, Facts
from actorbus.topology.model import StreamSpec
from actorbus.topology.report import one_of
from actorbus.topology.tree import Path as TreePath
from actorbus.units import duration_ns

__all__ = ["check_streams"]


def check_streams(facts: Facts) -> None:
    """Run every rule of this file."""
    _formats(facts)
    for name, spec in facts.topology.streams.items():
        _messages(facts, name, spec)
        _conflation(facts, name, spec)
    _handler_streams(facts)
    _references(facts)
    _pollers(facts)
    _handlers_on_one_poller(facts)


def _formats(facts: Facts) -> None:
    for name, spec in facts.topology.streams.items():
        path: TreePath = ("streams", name)
        raw = spec.codec.format == "raw"
        if raw and spec.messages:
            facts.report.add(
                "AB1209",
                "a stream of format raw carries bytes and declares no messages",
                path=(*path, "messages"),
                key=True,
                hint="remove `messages`, or use format msgpack",
            )
        if facts.report.is_broken(*path, "codec", "format") or facts.is_misspelt(*path, "codec"):
            facts.report.mark_broken((*path, "messages"))
            continue
        if not raw and not spec.messages and not facts.report.is_broken(*path, "messages"):
            facts.report.mark_broken((*path, "messages"))
            facts.report.add(
                "AB1209",
                f"a stream of format {spec.codec.format}{facts.line_of(*path, 'codec')} declares the messages it "
                "carries, here are none",
                path=path,
                key=True,
                hint="add `messages: [Bar]`, or `codec: {format: raw}` for plain bytes",
            )
        _batch(facts, spec, path)
        if spec.frame == "none" and not raw and not facts.report.is_broken(*path, "codec"):
            facts.report.add(
                "AB1210",
                f"frame none goes with format raw, here it is {spec.codec.format}{facts.line_of(*path, 'codec')}",
                path=(*path, "frame"),
                hint="add `codec: {format: raw}`, or use frame actorbus",
            )


def _batch(facts: Facts, spec: StreamSpec, path: TreePath) -> None:
    """Report a `batch` that has no effect: without our frame, or of one message."""
    if facts.report.is_broken(*path, "batch") or facts.root.at((*path, "batch")) is None:
        return
    batch = spec.batch
    if spec.frame == "none" and batch.max_messages > 1:
        facts.report.add(
            "AB1213",
            "batch frames are ours, and with frame none bytes go as they are",
            path=(*path, "batch"),
            key=True,
            hint="remove `batch`, or use frame actorbus",
        )
    elif batch.max_messages == 1 and duration_ns(batch.linger) > 0:
        facts.report.add(
            "AB1213",
            "a linger waits for further messages, and max_messages is 1",
            path=(*path, "batch", "linger"),
            key=True,
            hint="add `max_messages`, such as 100",
        )


def _messages(facts: Facts, stream: str, spec: StreamSpec) -> None:
    found: list[type[Message]] = []
    complete = not facts.report.is_broken("streams", stream, "messages")
    for index, name in enumerate(spec.messages):
        path: TreePath = ("streams", stream, "messages", index)
        if facts.report.is_broken(*path):
            continue
        cls = _message_class(facts, name, path)
        if cls is None:
            complete = False
        elif cls in found:
            facts.report.add("AB1212", f"{cls.__name__} is named twice", path=path, hint="remove one of the two")
        elif (rival := next((known for known in found if type_id_of(known) == type_id_of(cls)), None)) is not None:
            complete = False
            facts.report.add(
                "AB1208",
                f"type id {type_id_of(cls)} has two layouts: {describe_class(rival)} {layout_of(rival)} "
                f"and {describe_class(cls)} {layout_of(cls)}",
                path=path,
                hint="give one of them another type_id, or put them on two streams",
            )
        else:
            found.append(cls)
            complete &= _has_layout(facts, spec, cls, path)
    if complete:
        facts.types[stream] = TypeSet(found, where=f"stream {stream}")


def _has_layout(facts: Facts, spec: StreamSpec, cls: type[Message], path: TreePath) -> bool:
    """Report a message without a fixed layout on a stream of format struct."""
    if spec.codec.format == "struct":
        try:
            _ = fixed_layout_of(cls)
        except UsageError as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
            facts.report.add("AB1218", why, path=path, hint=error.hint or "use format msgpack")
            return False
    return True


def _conflation(facts: Facts, stream: str, spec: StreamSpec) -> None:
    """Policy conflate tells messages apart by a field that every message of the stream has."""
    policy, key = spec.back_pressure.policy, spec.back_pressure.key
    path: TreePath = ("streams", stream, "back_pressure")
    if facts.report.is_broken(*path, "policy") or facts.report.is_broken(*path, "key"):
        return
    if policy != "conflate":
        if key is not None:
            facts.report.add(
                "AB1213",
                f"a key goes with policy conflate, here it is {policy}",
                path=(*path, "key"),
                key=True,
                hint="remove it, or use policy conflate",
            )
        return
    types = facts.carried(stream)
    fields: dict[str, tuple[str, ...]] = {
        cls.__name__: tuple(field.name for field in msgspec.structs.fields(cls))
        for cls in types or ()
        if is_message_class(cls)
    }
    if spec.codec.format == "raw":
        why, hint = "bytes have no fields to conflate by", "use block, raise or drop_newest"
    elif key is None:
        common = [name for name in next(iter(fields.values()), ()) if all(name in each for each in fields.values())]
        why, hint = "policy conflate without a key", f"add `key: {common[0] if common else 'FIELD'}`"
    elif missing := [name for name, has in fields.items() if key not in has]:
        has = fields[missing[0]]
        why, hint = f"{', '.join(missing)} has no field {key!r} to conflate by", one_of(key, list(has))
    else:
        return
    facts.report.add("AB1214", why, path=(*path, "key" if key is not None else "policy"), hint=hint)


def _message_class(facts: Facts, name: str | type[object], path: TreePath) -> type[Message] | None:
    report = facts.report
    if isinstance(name, type):
        cls: object = name
    elif ":" in name:
        found = facts.finder.find(name)
        if found.found is None:
            report.add("AB1206", found.message, path=path, hint=found.hint)
            return None
        cls = found.found
    else:
        cls = getattr(messages, name, None) if name in messages.__all__ else None
        if not is_message_class(cls):
            hint = one_of(name, _ours(), more="a message of your own is written module:Class")
            report.add("AB1206", f"actorbus has no message {name!r}", path=path, hint=hint)
            return None
    if not (isinstance(cls, type) and issubclass(cls, Message)):
        what = f"the class {cast('type', cls).__qualname__}" if isinstance(cls, type) else f"of {type(cls).__name__}"
        hint = "subclass ab.Message with a type_id"
        report.add("AB1207", f"{name!r} is {what}, not a message class", path=path, hint=hint)
        return None
    try:
        _ = layout_of(cls)
    except UsageError as error:
        message = f"{error.what}: {error.why}" if error.why else error.what
        report.add("AB1207", message, path=path, hint=error.hint or "correct the class")
        return None
    return cls


def _ours() -> list[str]:
    return [name for name in messages.__all__ if is_message_class(getattr(messages, name))]


def _handler_streams(facts: Facts) -> None:
    for name, spec in facts.topology.handlers.items():
        path: TreePath = ("handlers", name)
        if facts.report.is_broken(*path, "stream") or facts.report.is_broken(*path, "streams"):
            continue
        if spec.stream is not None and spec.streams:
            facts.report.add(
                "AB1211",
                "both `stream` and `streams` are given",
                path=(*path, "streams"),
                key=True,
                hint="put all of them into `streams`",
            )
        elif spec.stream is None and not spec.streams:
            facts.report.add("AB1211", "the handler has no stream", path=path, key=True, hint="add `stream: NAME`")
        else:
            facts.streams_of[name] = tuple(spec.streams) if spec.stream is None else (spec.stream,)


def _references(facts: Facts) -> None:
    """Report every stream that is named somewhere and declared nowhere, and names given twice in a list."""
    seen: dict[TreePath, set[str]] = {}
    declared = facts.root.child("streams")
    unreadable = facts.is_misspelt("streams") or (
        declared is not None and declared.mapping is None and (declared.spoiled or declared.value is not None)
    )
    for path, name in _named_streams(facts):
        if facts.report.is_broken(*path):
            continue
        if not unreadable and not facts.has_stream(name):
            where = f" under `streams`{facts.line_of('streams')}" if facts.names("streams") else ""
            hint = one_of(name, facts.names("streams"), none="the topology declares no streams; add `streams`")
            facts.report.add("AB1201", f"there is no stream {name!r}{where}", path=path, hint=hint)
        if isinstance(path[-1], int):
            known = seen.setdefault(path[:-1], set())
            if name in known:
                facts.report.add("AB1212", f"stream {name!r} is named twice", path=path, hint="remove one of the two")
            known.add(name)


def _named_streams(facts: Facts) -> Iterator[tuple[TreePath, str]]:
    """Yield every place of the file that names a stream, with the name."""
    topology = facts.topology
    for name, poller in topology.pollers.items():
        yield from ((("pollers", name, "streams", index), stream) for index, stream in enumerate(poller.streams))
    for name, source in topology.sources.items():
        yield ("sources", name, "stream"), source.stream
    for name, handler in topology.handlers.items():
        if handler.stream is not None:
            yield ("handlers", name, "stream"), handler.stream
        yield from ((("handlers", name, "streams", index), stream) for index, stream in enumerate(handler.streams))
        yield from ((("handlers", name, "publishes", output), stream) for output, stream in handler.publishes.items())
    for name, recorder in topology.recorders.items():
        yield from ((("recorders", name, "streams", index), stream) for index, stream in enumerate(recorder.streams))


def _pollers(facts: Facts) -> None:
    for name, poller in facts.topology.pollers.items():
        for index, stream in enumerate(poller.streams):
            if facts.report.is_broken("pollers", name, "streams", index):
                continue
            other = facts.poller_of.setdefault(stream, name)
            if other != name:
                facts.report.add(
                    "AB1202",
                    f"stream {stream!r} is in pollers {other!r}{facts.line_of('pollers', other, 'streams')} and "
                    f"{name!r}; a stream has one",
                    path=("pollers", name, "streams", index),
                    hint="remove it from one of the two",
                )
    for stream in facts.topology.streams:
        facts.poller_of.setdefault(stream, DEFAULT_POLLER)


def _handlers_on_one_poller(facts: Facts) -> None:
    for name, streams in facts.streams_of.items():
        known = [stream for stream in streams if stream in facts.topology.streams]
        pollers = dict.fromkeys(facts.poller_of[stream] for stream in known)
        if len(pollers) > 1:
            told = ", ".join(
                f"{stream!r} of poller {facts.poller_of[stream]!r}"
                f"{facts.line_of('pollers', facts.poller_of[stream], 'streams')}"
                for stream in known
            )
            facts.report.add(
                "AB1203",
                f"a handler runs on one poller's thread, but its streams have {len(pollers)}: {told}",
                path=("handlers", name, "streams"),
                hint="put the streams into one poller, or make two handlers",
            )
