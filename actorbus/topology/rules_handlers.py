"""Rules of how handlers run: mailboxes, and who waits for whom (`after`)."""

from __future__ import annotations

import graphlib
from typing import cast

from actorbus.topology.facts import Facts
from actorbus.topology.model import HandlerSpec
from actorbus.topology.report import one_of

__all__ = ["check_handlers"]


def check_handlers(facts: Facts) -> None:
    """Run every rule of this file."""
    for name, spec in facts.topology.handlers.items():
        if not facts.report.is_broken("handlers", name, "dispatch"):
            _mailbox(facts, name, spec)
            _after(facts, name, spec)
    _cycles(facts)


def _mailbox(facts: Facts, name: str, spec: HandlerSpec) -> None:
    path = ("handlers", name, "mailbox")
    if spec.mailbox is None or facts.report.is_broken(*path) or facts.is_misspelt(*path):
        return
    if spec.dispatch != "mailbox":
        facts.report.add(
            "AB1213",
            f"a mailbox goes with dispatch mailbox, here it is {spec.dispatch}",
            path=path,
            key=True,
            hint="remove it, or add `dispatch: mailbox`",
        )
        return
    overflow, key = spec.mailbox.overflow, spec.mailbox.key
    if key is not None and overflow != "conflate":
        facts.report.add(
            "AB1213",
            f"a key goes with overflow conflate, here it is {overflow}",
            path=(*path, "key"),
            key=True,
            hint="remove it, or use overflow conflate",
        )
    if overflow == "conflate":
        _conflation(facts, name, key)


def _conflation(facts: Facts, name: str, key: str | None) -> None:
    """The field must be one of every message of the handler's streams."""
    path = ("handlers", name, "mailbox")
    streams = facts.streams_of.get(name, ())
    types = [each for stream in streams for each in facts.carried(stream) or ()]
    fields = {each.__name__: cast("tuple[str, ...]", getattr(each, "__struct_fields__", ())) for each in types}
    if key is None:
        common = [field for field in next(iter(fields.values()), ()) if all(field in has for has in fields.values())]
        hint = f"add `key: {common[0] if common else 'FIELD'}`"
        facts.report.add("AB1214", "overflow conflate without a key", path=(*path, "overflow"), hint=hint)
        return
    for type_name, has in fields.items():
        if key not in has:
            hint = one_of(key, list(has), none="bytes have no fields; use drop_oldest")
            facts.report.add(
                "AB1214", f"{type_name} has no field {key!r} to conflate by", path=(*path, "key"), hint=hint
            )
            return


def _after(facts: Facts, name: str, spec: HandlerSpec) -> None:
    path = ("handlers", name, "after")
    if not spec.after or facts.report.is_broken(*path):
        return
    if spec.dispatch != "mailbox":
        facts.report.add(
            "AB1213",
            f"after orders handlers of dispatch mailbox, this is {spec.dispatch}",
            path=path,
            key=True,
            hint="use priority: handlers of one thread run in its order",
        )
        return
    own = _right_streams(facts, name)
    for index, other in enumerate(spec.after):
        if other not in facts.names("handlers"):
            others = [known for known in facts.names("handlers") if known != name]
            hint = one_of(other, others, none="the topology has no other handler")
            facts.report.add("AB1215", f"there is no handler {other!r}", path=(*path, index), hint=hint)
        elif other in spec.after[:index]:
            facts.report.add(
                "AB1212", f"handler {other!r} is named twice", path=(*path, index), hint="remove one of the two"
            )
        elif own and (theirs := _right_streams(facts, other)) and not own & theirs:
            facts.report.add(
                "AB1215",
                f"{other!r} handles none of the streams of {name!r}, so there is nothing to wait for",
                path=(*path, index),
                hint="remove it, or give both a stream",
            )


def _right_streams(facts: Facts, name: str) -> set[str]:
    """Return the streams of a handler; none where one of them has a problem of its own."""
    broken = any(facts.report.is_broken("handlers", name, key) for key in ("stream", "streams"))
    return set() if broken else set(facts.streams_of.get(name, ()))


def _cycles(facts: Facts) -> None:
    handlers = facts.topology.handlers
    graph = {name: [other for other in spec.after if other in handlers] for name, spec in handlers.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        way = list(reversed(cast("list[str]", error.args[1])))
        facts.report.add(
            "AB1215",
            f"these wait for each other for ever: {' after '.join(way)}",
            path=("handlers", way[0], "after"),
            hint="remove one of them",
        )
