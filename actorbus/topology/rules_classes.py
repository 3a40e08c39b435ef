"""Rules of the classes behind handlers and sources: that they are found, fit their options, streams and outputs."""

from __future__ import annotations

import importlib.util
import typing
from typing import Any, cast

from actorbus.dispatch import ColumnHandler, Handler, Source
from actorbus.dispatch.handler import batch_types, declared_outputs, is_async, marked_methods
from actorbus.errors import UsageError
from actorbus.topology.facts import Facts
from actorbus.topology.model import HandlerSpec
from actorbus.topology.options import check_options
from actorbus.topology.report import one_of
from actorbus.topology.tree import Path, Tree

__all__ = ["check_classes", "output_types", "produced_types", "taken_types"]


def check_classes(facts: Facts) -> None:
    """Run every rule of this file."""
    for name, source in facts.topology.sources.items():
        cls = _class(facts, ("sources", name), source.cls, Source, "source")
        if cls is not None:
            facts.source_classes[name] = cast("type[Source[object]]", cls)
            _options(facts, "sources", name, cls)
            _produces(facts, name, source.stream, cls)
    for name, handler in facts.topology.handlers.items():
        cls = _class(facts, ("handlers", name), handler.cls, Handler, "handler")
        if cls is not None:
            facts.handler_classes[name] = cast("type[Handler]", cls)
            _options(facts, "handlers", name, cls)
            _outputs(facts, name, handler, cls)
            _takes(facts, name, cls)
            _thread(facts, name, handler, cls)
            _columns(facts, name, handler, cls)


def _class(facts: Facts, path: Path, given: str | type[object], base: type, what: str) -> type | None:
    path = (*path, "class")
    if facts.report.is_broken(*path):
        return None
    if isinstance(given, type):
        found: object = given
    else:
        lookup = facts.finder.find(given)
        if lookup.found is None:
            facts.report.add(lookup.code, lookup.message, path=path, hint=lookup.hint)
            return None
        found = lookup.found
    if isinstance(found, type) and issubclass(found, base):
        return found
    hint = f"name a subclass of ab.{base.__name__}"
    if isinstance(found, type) and issubclass(found, (Handler, Source)):
        other = "handlers" if issubclass(found, Handler) else "sources"
        hint = f"move it to `{other}:`, or {hint}"
    facts.report.add("AB1304", f"{_told(given)!r} is not a {what} class", path=path, hint=hint)
    return None


def _told(given: str | type[object]) -> str:
    return given if isinstance(given, str) else given.__qualname__


def _options(facts: Facts, section: str, name: str, cls: type) -> None:
    path: Path = (section, name, "options")
    tree = facts.root.at(path) or Tree({})
    if tree.value is not None and tree.mapping is None:
        return  # reported with its shape
    if facts.is_misspelt(*path):
        return
    facts.options[section, name] = check_options(cls, tree, facts.report, path, facts.folder)


def _produces(facts: Facts, name: str, stream: str, cls: type) -> None:
    carried = facts.carried(stream)
    produced = produced_types(cls)
    if carried is None or produced is None:
        return
    for wrong in (each for each in produced if each not in carried):
        facts.report.add(
            "AB1313",
            f"{cls.__qualname__} produces {wrong.__name__}, which stream {stream!r}{facts.line_of('streams', stream)} "
            f"does not carry: {_list(carried)}",
            path=("sources", name, "stream"),
            hint=f"add it to the stream's `messages`, or choose a stream that carries {wrong.__name__}",
        )


def _outputs(facts: Facts, name: str, spec: HandlerSpec, cls: type) -> None:
    declared = declared_outputs(cls)
    path: Path = ("handlers", name, "publishes")
    for output, stream in spec.publishes.items():
        if output not in declared:
            hint = one_of(output, declared, none=f"{cls.__qualname__} declares no ab.Output")
            facts.report.add(
                "AB1308",
                f"{cls.__qualname__} has no output {output!r}",
                path=(*path, output),
                key=True,
                value=output,
                hint=hint,
            )
            continue
        carried = facts.carried(stream)
        for wrong in (each for each in declared[output] if carried is not None and each not in carried):
            facts.report.add(
                "AB1310",
                f"output {output!r} publishes {wrong.__name__}, which stream {stream!r}"
                f"{facts.line_of('streams', stream)} does not carry: {_list(carried or ())}",
                path=(*path, output),
                hint=f"add it to the stream's `messages`, or choose a stream that carries {wrong.__name__}",
            )
    for output in declared:
        known = output in spec.publishes or facts.report.is_broken(*path, output) or facts.is_misspelt(*path)
        if not known:
            given = facts.root.at(path) is not None
            facts.report.add(
                "AB1309",
                f"output {output!r} of {cls.__qualname__} goes to no stream",
                path=path if given else path[:-1],
                key=True,
                hint=f"add `publishes: {{{output}: STREAM}}`",
            )


def _takes(facts: Facts, name: str, cls: type) -> None:
    try:
        taken = taken_types(cls)
    except UsageError as error:
        facts.report.add("AB1312", error.what, path=("handlers", name, "class"), hint=error.hint)
        return
    streams = facts.streams_of.get(name, ())
    known = [facts.carried(stream) for stream in streams]
    path: Path = ("handlers", name, "class")
    if not taken:
        hint = "mark a method with @ab.on(Type)"
        facts.report.add("AB1312", f"{cls.__qualname__} has no method marked with @ab.on", path=path, hint=hint)
        return
    if None in known or object in taken or not streams:
        return
    carried = [each for types in known for each in types or ()]
    for wrong in (each for each in taken if each not in carried):
        which = ", ".join(f"{stream!r}{facts.line_of('streams', stream)}" for stream in streams)
        facts.report.add(
            "AB1311",
            f"{cls.__qualname__} handles {wrong.__name__}, which {which} does not carry: {_list(carried)}",
            path=path,
            hint=f"add it to the stream's `messages`, or give the handler a stream that carries {wrong.__name__}",
        )


def _thread(facts: Facts, name: str, spec: HandlerSpec, cls: type) -> None:
    if is_async(cls) and spec.dispatch == "inline" and not facts.report.is_broken("handlers", name, "dispatch"):
        given = facts.root.at(("handlers", name, "dispatch")) is not None
        facts.report.add(
            "AB1314",
            f"{cls.__qualname__} has `async def` methods, and a poller's thread never waits for a handler",
            path=("handlers", name, "dispatch") if given else ("handlers", name, "class"),
            hint="add `dispatch: mailbox`: its event loop runs on a thread of its own",
        )


def _columns(facts: Facts, name: str, spec: HandlerSpec, cls: type) -> None:
    """Report what a column handler cannot do without: numpy, streams of fixed layouts, the poller's own thread."""
    if not issubclass(cls, ColumnHandler):
        return
    path: Path = ("handlers", name)
    if importlib.util.find_spec("numpy") is None:
        facts.report.add(
            "AB1315",
            f"{cls.__qualname__} is a column handler and needs numpy, which is not installed",
            path=(*path, "class"),
            hint="run: python -m pip install numpy",
        )
    for stream in facts.streams_of.get(name, ()):
        declared = facts.topology.streams.get(stream)
        if declared is not None and declared.codec.format != "struct":
            facts.report.add(
                "AB1316",
                f"{cls.__qualname__} is a column handler, and stream {stream!r} is of format {declared.codec.format}",
                path=(*path, "class"),
                hint=f"add `codec: {{format: struct}}` to stream {stream!r}, or subclass ab.BatchHandler",
            )
    if spec.dispatch == "mailbox":
        facts.report.add(
            "AB1317",
            f"{cls.__qualname__} is a column handler: its arrays show the poller's own batch",
            path=(*path, "dispatch"),
            hint="use dispatch inline; a stream may have a poller of its own",
        )


def taken_types(cls: type) -> tuple[type, ...]:
    """Return the types a handler class takes by `@on`, each once; `object` stands for all.

    Raises:
        UsageError: two methods are marked for one type.
    """
    whole = batch_types(cls)
    if whole is not None:
        return whole
    owner: dict[type, str] = {}
    for method, wanted, _ in marked_methods(cls):
        for each in wanted:
            if owner.setdefault(each, method) != method:
                raise UsageError(
                    f"{cls.__qualname__} marks two methods for {each.__name__}: {owner[each]!r} and {method!r}",
                    hint="a type has one method in a handler",
                )
    return tuple(owner)


def output_types(cls: type) -> dict[str, tuple[type, ...]]:
    """Return the outputs a handler class declares, with their message types."""
    return declared_outputs(cls)


def produced_types(cls: type) -> tuple[type, ...] | None:
    """Return what a source class says it produces (`Source[Bar]`), or None when it does not say."""
    for base in cls.__mro__:
        for generic in cast("tuple[Any, ...]", vars(base).get("__orig_bases__", ())):
            if typing.get_origin(generic) is Source:
                return _flat(typing.get_args(generic)[0])
    return None


def _flat(given: Any) -> tuple[type, ...] | None:
    if isinstance(given, type):
        return None if given is object else (given,)
    parts = [_flat(part) for part in typing.get_args(given)]
    if not parts or None in parts:
        return None
    return tuple(each for part in parts for each in part or ())


def _list(types: typing.Iterable[type]) -> str:
    return "it carries " + (", ".join(each.__name__ for each in types) or "nothing")
