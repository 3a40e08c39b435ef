"""Decodes the scalars of a topology: texts, numbers, durations, sizes, choices. The lower half of `shape.py`.

Each takes a tree and what msgspec says of the type, and returns the value, or MISSING when it reported a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from msgspec import inspect

from actorbus.errors import UsageError
from actorbus.topology.report import Report, nearest_name
from actorbus.topology.tree import Path, Place, Tree
from actorbus.units import duration_ns, size_bytes

__all__ = ["MISSING", "literal", "number", "size", "text", "type_name", "wrong"]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Nothing usable; the report says why."""

VALUES_SHOWN_MAX: Final = 12
WHOLE_MAX: Final = 1e15
"""Above it a float no longer says which whole number was meant."""


def literal(tree: Tree, wanted: inspect.LiteralType, report: Report, path: Path) -> Any:
    for value in wanted.values:
        if type(value) is type(tree.value) and value == tree.value:
            return value
    if path == ("version",):
        report.add("AB1109", f"version is {tree.shown()}, this actorbus reads 1", path=path, hint="write `version: 1`")
        return MISSING
    allowed = ", ".join(str(value) for value in wanted.values)
    near = nearest_name(str(tree.value), [str(value) for value in wanted.values])
    hint = f"did you mean {near!r}?" if near else f"choose one of {allowed}"
    report.add("AB1104", f"{tree.shown()!r} is not one of {allowed}", path=path, hint=hint)
    return MISSING


def text(tree: Tree, wanted: inspect.StrType, report: Report, path: Path, kind: str | None) -> Any:
    value = tree.value
    if kind == "class" and isinstance(value, type):
        return cast("type[object]", value)
    if not isinstance(value, str):
        if kind == "duration" and isinstance(value, int | float) and not isinstance(value, bool):
            shown = tree.shown()
            report.add("AB1106", f"duration {shown} has no unit", path=path, hint=f"write {shown}s or {shown}ms")
            return MISSING
        quoted = value is not None and tree.mapping is None and tree.sequence is None
        return wrong(tree, wanted, report, path, f'quote it: "{tree.shown()}"' if quoted else None)
    if kind == "duration":
        return _with_unit(value, duration_ns, "AB1106", report, path)
    if wanted.pattern and not re.search(wanted.pattern, value):
        _not_a_name(value, kind, report, path, tree.place)
        return MISSING
    if wanted.min_length and len(value) < wanted.min_length:
        report.add("AB1103", "an empty text", path=path, hint="write a value, or remove the key")
        return MISSING
    if wanted.max_length and len(value) > wanted.max_length:
        message = f"a text of {len(value)} characters is out of range: at most {wanted.max_length}"
        report.add("AB1105", message, path=path, hint="write a shorter one")
        return MISSING
    return value


def _not_a_name(value: str, kind: str | None, report: Report, path: Path, place: Place) -> None:
    """Report it at the place it was written: names are keys as well as values."""
    if kind == "class":
        hint = "write a name of the shelf (count), or module:Class"
        if ":" not in value and "." in value:
            module, _, name = value.rpartition(".")
            hint = f"write {module}:{name}"
        report.add("AB1108", f"{value!r} is not a class name", path=path, hint=hint)
    else:
        rule = "letters, digits, '_', '.' and '-', at most 64, the first one a letter or '_'"
        report.add(
            "AB1108",
            f"{value!r} is not a name: a name has {rule}",
            path=path,
            place=place,
            value=value,
            hint="rename it",
        )


def _with_unit(value: str | int, parse: Callable[[Any], int], code: str, report: Report, path: Path) -> Any:
    try:
        parse(value)
    except UsageError as error:
        report.add(code, f"{error.what}{f': {error.why}' if error.why else ''}", path=path, hint=error.hint)
        return MISSING
    return str(value)


def size(tree: Tree, wanted: inspect.Type, report: Report, path: Path) -> Any:
    value = tree.value
    if value is None and isinstance(wanted, inspect.UnionType) and wanted.includes_none:
        return None
    if isinstance(value, str) or type(value) is int:
        return _with_unit(value, size_bytes, "AB1107", report, path)
    report.add(
        "AB1107", f"{tree.shown()} is not a size", path=path, hint="write bytes, or a number with k, m or g: 64k, 1m"
    )
    return MISSING


def number(tree: Tree, wanted: inspect.IntType | inspect.FloatType, report: Report, path: Path) -> Any:
    value = tree.value
    allowed = (int,) if isinstance(wanted, inspect.IntType) else (int, float)
    if type(value) not in allowed:
        return wrong(tree, wanted, report, path)
    number = cast("int | float", value)
    bounds = [
        (wanted.ge is not None and number < wanted.ge, f"at least {wanted.ge}"),
        (wanted.gt is not None and number <= wanted.gt, f"more than {wanted.gt}"),
        (wanted.le is not None and number > wanted.le, f"at most {wanted.le}"),
        (wanted.lt is not None and number >= wanted.lt, f"less than {wanted.lt}"),
    ]
    broken = [text for is_broken, text in bounds if is_broken]
    if broken:
        lowest = wanted.ge if wanted.ge is not None else wanted.gt
        highest = wanted.le if wanted.le is not None else wanted.lt
        hint = f"choose one from {lowest} to {highest}" if None not in (lowest, highest) else f"write {broken[0]}"
        report.add("AB1105", f"{tree.shown()} is out of range: {' and '.join(broken)}", path=path, hint=hint)
        return MISSING
    return float(number) if isinstance(wanted, inspect.FloatType) else number


def wrong(tree: Tree, wanted: inspect.Type, report: Report, path: Path, hint: str | None = None) -> Any:
    expected = type_name(wanted)
    if hint is None and isinstance(wanted, inspect.IntType) and isinstance(tree.value, str) and tree.value.isdecimal():
        hint = f"remove the quotes: {tree.value}"
    if hint is None:
        hint = _whole(tree.value) if isinstance(wanted, inspect.IntType) else None
    if hint is None:
        hint = f"write {expected}"
    given = _shape_of(tree)
    report.add("AB1103", f"expected {expected}, got {given}", path=path, hint=hint)
    return MISSING


def _whole(value: object) -> str | None:
    """Return the hint for a number written in a form that is none here: `1e3`, `1_000`."""
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE_MAX:
        return f"write {int(value)}"
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(_[0-9]{3}){1,6}", value):
        return f"remove the underscores: {value.replace('_', '')}"
    return None


def _shape_of(tree: Tree) -> str:
    value = tree.value
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"the boolean {tree.shown()}"
    if isinstance(value, int | float):
        return f"the number {tree.shown()}"
    if isinstance(value, str):
        return f"the text {tree.shown()!r}"
    if isinstance(value, dict | list):
        return tree.shown()
    return f"an object of {type(value).__name__}"


def type_name(wanted: inspect.Type) -> str:
    """Return the words for a type: `a whole number`, `text`, `a list`."""
    while isinstance(wanted, inspect.Metadata):
        wanted = wanted.type
    if isinstance(wanted, inspect.UnionType):
        return " or ".join(dict.fromkeys(type_name(part) for part in wanted.types))
    if isinstance(wanted, inspect.LiteralType):
        return "one of " + ", ".join(str(value) for value in wanted.values[:VALUES_SHOWN_MAX])
    return _NAMES.get(type(wanted), None) or getattr(getattr(wanted, "cls", None), "__name__", type(wanted).__name__)


_NAMES: Final[dict[type[inspect.Type], str]] = {
    inspect.StructType: "a mapping",
    inspect.DictType: "a mapping",
    inspect.ListType: "a list",
    inspect.VarTupleType: "a list",
    inspect.StrType: "text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.AnyType: "any value",
}
