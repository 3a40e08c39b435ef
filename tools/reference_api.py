"""The page of the public names, and the page of the built-in handlers, from their docstrings and signatures.

What a class needs inside actorbus is public to Python and not to users: PUBLIC and HIDDEN say what a page shows.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reference_text import annotated_fields, first_paragraph, option_texts, table

ROOT = Path(__file__).resolve().parents[1]

API_TEXT = "The names of `import actorbus as ab`. What is not here may change in any release."
SHOWN = (
    "Node", "QuickNode", "Publisher", "Subscription", "Handler", "BatchHandler", "ColumnHandler", "Output", "Source",
    "Meta", "BatchMeta",
)  # fmt: skip
RECORDS = ("MetaCopy", "NodeStatistics", "NodeHealth", "Quarantined", "Redriven", "RecordedStream")
PUBLIC: Mapping[str, tuple[str, ...]] = {
    "Publisher": ("publish", "send", "publish_many", "publish_columns", "offer", "flush"),
    "Meta": (
        "session", "position", "index", "sequence", "publisher", "publish_time_ns", "receive_time_ns", "type_id",
        "version", "recorded", "copy",
    ),
}  # fmt: skip
HIDDEN: Mapping[str, tuple[str, ...]] = {
    "Node": ("steering", "take_signals", "give_signals_back"),
    "BatchMeta": ("close", "__iter__"),
    "BusClock": ("set_forward",),
}
NOT_LISTED = ("ABSTRACT",)
OPERATORS = {
    "__enter__": ("with x:", "Opens it on entry (where it is not open yet) and closes it at the end."),
    "__aenter__": ("async with x:", "The same in asyncio, without blocking the event loop."),
    "__iter__": ("for one in x:", "Waits for the next one; ends when it is closed."),
    "__aiter__": ("async for one in x:", "The same in asyncio, without blocking the event loop."),
    "__getitem__": ("x[i]", "Returns a copy of one."),
    "__len__": ("len(x)", "How many."),
}
OTHER_TEXTS = {
    "Int8": "A field of 8 bits, signed (format struct): `level: ab.Int8`.",
    "Int16": "A field of 16 bits, signed.",
    "Int32": "A field of 32 bits, signed.",
    "Int64": "A field of 64 bits, signed: what `int` is.",
    "UInt8": "A field of 8 bits, from 0.",
    "UInt16": "A field of 16 bits, from 0.",
    "UInt32": "A field of 32 bits, from 0.",
    "MarketData": "The union of the built-in market data messages.",
    "Price": "An int in units of 1e-9: `ab.price` makes one.",
    "Quantity": "An int in units of 1e-8: `ab.quantity` makes one.",
    "__version__": "The version of actorbus.",
    "testing": "The test kit: [Test it](../testing.md).",
}
SHELF_TEXT = """\
Handlers and sources that come with actorbus, named in a topology by their short name: `class: csv_replay`. Each is
written with the public names alone, so each is an example to start from (`handlers/actorbus_handlers/` in the source).
A package of yours can add names of its own through the entry point group `actorbus.handlers`."""


def api() -> str:
    """The public names, by kind, with the first words of their docstrings; then the methods of those that matter."""
    ab = importlib.import_module("actorbus")
    groups: dict[str, list[tuple[str, str]]] = {
        title: []
        for title in (
            "To build with", "Functions", "Built-in messages and their values", "Events of streams",
            "Topologies in Python", "Errors", "Other names",
        )
    }  # fmt: skip
    for name in ab.__all__:
        if name in NOT_LISTED:
            continue
        value = getattr(ab, name)
        text = first_paragraph(value) if inspect.isclass(value) or callable(value) else OTHER_TEXTS[name]
        group = _group(ab, name, value)
        code = f"[{value.code}](../errors/{value.code}.md). " if group == "Errors" else ""
        groups[group].append((f"`ab.{name}`", code + OTHER_TEXTS.get(name, text)))
    parts = ["# Python", API_TEXT]
    parts += [f"## {title}\n\n" + table(("name", "is"), rows) for title, rows in groups.items()]
    parts += [_methods(getattr(ab, name), f"ab.{name}") for name in SHOWN]
    parts += [_methods(getattr(ab.testing, name), f"ab.testing.{name}") for name in ("Bus", "BusClock")]
    parts += [_record(getattr(ab, name), f"ab.{name}") for name in RECORDS]
    return "\n\n".join([*parts, _events(ab)])


def _group(ab: Any, name: str, value: object) -> str:
    if name in OTHER_TEXTS:
        return "Other names"
    if not inspect.isclass(value):
        return "Functions"
    if issubclass(value, ab.ActorBusError):
        return "Errors"
    if issubclass(value, ab.StreamEvent):
        return "Events of streams"
    if value.__module__ == "actorbus.topology.model":
        return "Topologies in Python"
    if value.__module__.startswith("actorbus.messages") or (issubclass(value, enum.Enum) and name != "OfferResult"):
        return "Built-in messages and their values"
    return "To build with"


def members(cls: type) -> dict[str, object]:
    """Return what the page shows of a class: documented members of it and its faces, and what syntax uses."""
    faces = [vars(base) for base in cls.__bases__ if base.__name__.endswith("Face")]
    found = {name: member for each in (vars(cls), *faces, vars(cls)) for name, member in each.items()}
    chosen = PUBLIC.get(cls.__name__)
    if chosen is not None:
        return {name: found[name] for name in chosen}
    hidden = HIDDEN.get(cls.__name__, ())
    assert set(hidden) <= set(found), f"{cls.__name__} has no {set(hidden) - set(found)} to hide"
    return {
        name: member
        for name, member in found.items()
        if name not in hidden
        and (name in OPERATORS or (not name.startswith("_") and inspect.getdoc(member) and not _is_value(member)))
    }


def _is_value(member: object) -> bool:
    return isinstance(member, (int, str))


def _methods(cls: type, title: str) -> str:
    rows = [
        (f"`{OPERATORS[name][0]}`", OPERATORS[name][1], "")
        if name in OPERATORS
        else (f"`{name}{_signature(member)}`", first_paragraph(member), _raises(member))
        for name, member in members(cls).items()
    ]
    return f"## {title}\n\n{first_paragraph(cls)}\n\n" + table(("method", "does", "raises"), rows)


def _raises(member: object) -> str:
    """Return what a docstring has under `Raises:`, as far as that section goes."""
    section = (inspect.getdoc(member) or "").partition("Raises:")[2]
    return section.lstrip("\n").split("\n\n")[0]


def _signature(member: object) -> str:
    function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
    if not inspect.isfunction(function):
        return ""
    text = re.sub(r"\((?:self|cls)(?:, )?", "(", str(inspect.signature(function)), count=1)
    return re.sub(r"<class (\w+)>", r"\1", text.replace("'", ""))


def _record(cls: type, title: str) -> str:
    rows = [
        (f"`{name}: {annotation}`".replace("'", ""), annotated_fields(cls)[name])
        for name, annotation in inspect.get_annotations(cls).items()
    ]
    described = any(text for _, text in rows)
    shown = table(("field", "is"), rows) if described else ", ".join(name for name, _ in rows) + "."
    return f"## {title}\n\n{' '.join((inspect.getdoc(cls) or '').split())}\n\n{shown}"


def _events(ab: Any) -> str:
    """The events that `on_event` and subscriptions are given, with what each says."""
    classes = [
        value
        for name in ab.__all__
        if inspect.isclass(value := getattr(ab, name)) and issubclass(value, ab.StreamEvent)
    ]
    rows = [
        (
            f"`ab.{cls.__name__}`",
            first_paragraph(cls),
            " ".join(f"`{field}`" for field in inspect.get_annotations(cls)),
        )
        for cls in classes
        if cls is not ab.StreamEvent
    ]
    head = "What `on_event` is given. Each says `stream`, `session` and `time_ns` (when it was seen), and:"
    return f"## Fields of events\n\n{head}\n\n" + table(("event", "means", "says"), rows)


def shelf() -> str:
    """The built-in handlers and sources, with their options."""
    ab = importlib.import_module("actorbus")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = ["# Built-in handlers", SHELF_TEXT]
    found: list[tuple[str, type]] = []
    for name, target in project["entry-points"]["actorbus.handlers"].items():
        module, _, cls = target.partition(":")
        found.append((name, getattr(importlib.import_module(module), cls)))
    rows = [(f"[{name}](#{name})", _kind(ab, cls), first_paragraph(cls)) for name, cls in found]
    parts.append(table(("name", "is a", "does"), rows))
    parts += ["\n\n".join(_built_in(ab, name, cls)) for name, cls in found]
    return "\n\n".join(parts)


def _kind(ab: Any, cls: type) -> str:
    return "source" if issubclass(cls, ab.Source) else "handler"


def _built_in(ab: Any, name: str, cls: type) -> Iterator[str]:
    text = inspect.getdoc(cls) or ""
    said = option_texts(text)
    yield f"## {name}"
    yield " ".join(text.partition("Options")[0].split())
    outputs = [name for name, value in vars(cls).items() if isinstance(value, ab.Output)]
    if outputs:
        yield "Outputs: " + ", ".join(f"`publishes: {{{output}: STREAM}}`" for output in outputs) + "."
    parameters = [one for one in inspect.signature(cls).parameters.values() if one.kind is one.KEYWORD_ONLY]
    assert {one.name for one in parameters} == set(said), f"{name}: {set(said) ^ {one.name for one in parameters}}"
    rows = [(f"`{one.name}`", f"`{one.annotation}`", _default(one), said[one.name]) for one in parameters]
    if rows:
        yield table(("option", "takes", "default", "means"), rows)
    rest = text.split("\n\n")
    behind = [" ".join(part.split()) for part in rest[1:] if not part.startswith(("Options", "    ")) and rest]
    after = text.rpartition("Options")[2]
    yield from (part for part in behind if part.split()[0] in after and part not in text.partition("Options")[0])


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return "**required**"
    value = parameter.default
    return f"`{value if isinstance(value, str) else json.dumps(value)}`" if value != "" else ""
