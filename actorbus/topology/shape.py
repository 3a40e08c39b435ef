"""Decodes a `Tree` by a type, reporting every misfit with its place instead of stopping at the first.

msgspec stops at the first error and knows no lines (its maintainers decline both), so this walks msgspec's own
description of the types. What has a problem is replaced by its default, or a stand-in, and its path is noted as broken
in the report, so that the rules go on and nothing is blamed twice.

    decode(tree, DriverSpec, report, ("driver",)) -> DriverSpec, or MISSING when nothing usable is left
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

import msgspec
from msgspec import inspect

from actorbus.errors import UsageError
from actorbus.topology.report import Report, nearest_name, one_of
from actorbus.topology.tree import Path, Tree
from actorbus.units import duration_ns, size_bytes

__all__ = ["MISSING", "decode", "decode_as", "type_name"]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Nothing usable; the report says why."""

VALUES_SHOWN_MAX: Final = 12


def decode(tree: Tree, wanted: Any, report: Report, path: Path = ()) -> Any:
    """Decode a tree by a Python type. Returns MISSING when nothing usable is left."""
    return decode_as(tree, inspect.type_info(wanted), report, path)


def decode_as(tree: Tree, wanted: inspect.Type, report: Report, path: Path, kind: str | None = None) -> Any:
    """Decode a tree by msgspec's description of a type; `kind` is what `Meta(extra=...)` says of it."""
    if isinstance(wanted, inspect.Metadata):
        return decode_as(tree, wanted.type, report, path, cast("str | None", (wanted.extra or {}).get("kind")) or kind)
    if kind == "size" and not isinstance(wanted, inspect.NoneType):
        return _size(tree, wanted, report, path)
    if kind == "channel":
        return tree.to_python()  # actorbus.channel reports what is wrong with it, in its own words
    if isinstance(wanted, inspect.UnionType):
        return _union(tree, wanted, report, path, kind)
    if isinstance(wanted, inspect.StructType):
        return _struct(tree, wanted, report, path)
    if isinstance(wanted, inspect.DictType):
        return _dict(tree, wanted, report, path)
    if isinstance(wanted, inspect.ListType | inspect.VarTupleType):
        return _list(tree, wanted, report, path)
    if isinstance(wanted, inspect.LiteralType):
        return _literal(tree, wanted, report, path)
    if isinstance(wanted, inspect.StrType):
        return _text(tree, wanted, report, path, kind)
    if isinstance(wanted, inspect.IntType | inspect.FloatType):
        return _number(tree, wanted, report, path)
    if isinstance(wanted, inspect.BoolType | inspect.NoneType):
        expected = bool if isinstance(wanted, inspect.BoolType) else type(None)
        return tree.value if type(tree.value) is expected else _wrong(tree, wanted, report, path)
    return _convert(tree, wanted, report, path)


def _struct(tree: Tree, wanted: inspect.StructType, report: Report, path: Path) -> Any:
    if tree.value is None:
        tree = Tree({}, tree.place, key_place=tree.key_place)
    mapping = tree.mapping
    if mapping is None:
        return _wrong(tree, wanted, report, path)
    fields = {field.encode_name: field for field in wanted.fields}
    for key in mapping:
        if key not in fields:
            _unknown_key(key, list(fields), report, path)
    found: dict[str, Any] = {}
    for name, field in fields.items():
        child = mapping.get(name)
        value = MISSING if child is None else decode_as(child, field.type, report, (*path, name))
        if child is None and field.required:
            _missing_key(name, mapping, list(fields), report, path)
        if value is not MISSING:
            found[field.name] = value
        elif field.required:
            found[field.name] = _stand_in(field.type)
    return wanted.cls(**found)


def _stand_in(wanted: inspect.Type) -> Any:
    """Return a value for a required field that has a problem, so that the rest of its entry is checked as well.

    Its path is broken in the report: no rule may look at it.
    """
    while isinstance(wanted, inspect.Metadata):
        wanted = wanted.type
    if isinstance(wanted, inspect.IntType | inspect.FloatType):
        return 0
    if isinstance(wanted, inspect.ListType):
        return []
    return wanted.values[0] if isinstance(wanted, inspect.LiteralType) else ""


def _unknown_key(key: str, known: list[str], report: Report, path: Path) -> None:
    here = path[-1] if path else "the top level"
    report.add(
        "AB1101", f"{here!s} has no key {key!r}", path=(*path, key), key=True, value=key, hint=one_of(key, known)
    )


def _missing_key(name: str, mapping: dict[str, Tree], known: list[str], report: Report, path: Path) -> None:
    unknown = [key for key in mapping if key not in known]
    hint = f"add `{name}: ...`"
    if nearest_name(name, unknown) is not None:
        hint = f"{nearest_name(name, unknown)!r} is probably meant to be {name!r}"
    report.add("AB1102", f"key {name!r} is missing", path=path, key=True, hint=hint)
    report.broken.add((*path, name))


def _dict(tree: Tree, wanted: inspect.DictType, report: Report, path: Path) -> Any:
    if tree.value is None:
        return {}
    mapping = tree.mapping
    if mapping is None:
        return _wrong(tree, wanted, report, path)
    found: dict[str, Any] = {}
    for key, child in mapping.items():
        name = decode_as(Tree(key, child.key_place, text=key), wanted.key_type, report, (*path, key))
        value = decode_as(child, wanted.value_type, report, (*path, key))
        if name is not MISSING and value is not MISSING:
            found[key] = value
    return found


def _list(tree: Tree, wanted: inspect.ListType | inspect.VarTupleType, report: Report, path: Path) -> Any:
    items = tree.sequence
    if items is None:
        hint = f"write a list: [{tree.shown()}]" if tree.mapping is None and tree.value is not None else None
        return _wrong(tree, wanted, report, path, hint)
    decoded = [decode_as(item, wanted.item_type, report, (*path, index)) for index, item in enumerate(items)]
    found = [value for value in decoded if value is not MISSING]
    return found if isinstance(wanted, inspect.ListType) else tuple(found)


def _literal(tree: Tree, wanted: inspect.LiteralType, report: Report, path: Path) -> Any:
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


def _text(tree: Tree, wanted: inspect.StrType, report: Report, path: Path, kind: str | None) -> Any:
    value = tree.value
    if kind == "class" and isinstance(value, type):
        return cast("type[object]", value)
    if not isinstance(value, str):
        if kind == "duration" and isinstance(value, int | float) and not isinstance(value, bool):
            shown = tree.shown()
            report.add("AB1106", f"duration {shown} has no unit", path=path, hint=f"write {shown}s or {shown}ms")
            return MISSING
        quoted = value is not None and tree.mapping is None and tree.sequence is None
        return _wrong(tree, wanted, report, path, f'quote it: "{tree.shown()}"' if quoted else None)
    if kind == "duration":
        return _with_unit(value, duration_ns, "AB1106", report, path)
    if wanted.pattern and not re.search(wanted.pattern, value):
        _not_a_name(value, kind, report, path)
        return MISSING
    if wanted.min_length and len(value) < wanted.min_length:
        report.add("AB1103", "an empty text", path=path, hint="write a value, or remove the key")
        return MISSING
    return value


def _not_a_name(value: str, kind: str | None, report: Report, path: Path) -> None:
    if kind == "class":
        hint = "write a name of the shelf (count), or module:Class"
        if ":" not in value and "." in value:
            module, _, name = value.rpartition(".")
            hint = f"write {module}:{name}"
        report.add("AB1108", f"{value!r} is not a class name", path=path, hint=hint)
    else:
        rule = "letters, digits, '_', '.' and '-', at most 64, the first one a letter or '_'"
        report.add("AB1108", f"{value!r} is not a name: a name has {rule}", path=path, value=value, hint="rename it")


def _with_unit(value: str | int, parse: Any, code: str, report: Report, path: Path) -> Any:
    try:
        parse(value)
    except UsageError as error:
        report.add(code, f"{error.what}{f': {error.why}' if error.why else ''}", path=path, hint=error.hint)
        return MISSING
    return str(value)


def _size(tree: Tree, wanted: inspect.Type, report: Report, path: Path) -> Any:
    value = tree.value
    if value is None and isinstance(wanted, inspect.UnionType) and wanted.includes_none:
        return None
    if isinstance(value, str) or type(value) is int:
        return _with_unit(value, size_bytes, "AB1107", report, path)
    report.add("AB1107", f"{tree.shown()} is not a size", path=path, hint="write bytes, or a number with k, m or g: 64k, 1m")
    return MISSING


def _number(tree: Tree, wanted: inspect.IntType | inspect.FloatType, report: Report, path: Path) -> Any:
    value = tree.value
    allowed = (int,) if isinstance(wanted, inspect.IntType) else (int, float)
    if type(value) not in allowed:
        return _wrong(tree, wanted, report, path)
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
        hint = f"choose one from {lowest} to {highest}" if lowest is not None and highest is not None else None
        report.add("AB1105", f"{tree.shown()} is out of range: {' and '.join(broken)}", path=path, hint=hint)
        return MISSING
    return float(number) if isinstance(wanted, inspect.FloatType) else number


def _union(tree: Tree, wanted: inspect.UnionType, report: Report, path: Path, kind: str | None) -> Any:
    if tree.value is None and wanted.includes_none:
        return None
    parts = [part for part in wanted.types if not isinstance(part, inspect.NoneType)]
    if len(parts) == 1:
        return decode_as(tree, parts[0], report, path, kind)
    fitting = [part for part in parts if _could_be(tree, part)]
    if len(fitting) == 1:
        return decode_as(tree, fitting[0], report, path, kind)
    for part in fitting:
        trial = Report()
        if (value := decode_as(tree, part, trial, path, kind)) is not MISSING and not trial.has_errors:
            return value
    return _wrong(tree, wanted, report, path)


def _could_be(tree: Tree, part: inspect.Type) -> bool:
    """Whether the shape of the value (not its content) is that of the type."""
    while isinstance(part, inspect.Metadata):
        part = part.type
    if tree.mapping is not None:
        return isinstance(part, inspect.StructType | inspect.DictType | inspect.AnyType)
    if tree.sequence is not None:
        return isinstance(part, inspect.ListType | inspect.VarTupleType | inspect.AnyType)
    return not isinstance(part, inspect.StructType | inspect.DictType | inspect.ListType | inspect.VarTupleType)


def _convert(tree: Tree, wanted: inspect.Type, report: Report, path: Path) -> Any:
    """Everything else (enums, sets, decimals, dates, Any) is msgspec's to convert."""
    if isinstance(wanted, inspect.AnyType):
        return tree.to_python()
    target = getattr(wanted, "cls", None)
    if target is None:
        return tree.to_python()  # dates, decimals, sets: whoever asked converts the whole
    value = tree.to_python()
    if isinstance(value, target):
        return value
    try:
        return msgspec.convert(value, target)
    except (msgspec.ValidationError, TypeError) as error:
        said = str(error).replace("`", "'")
        report.add("AB1103", f"{tree.shown()!r} does not fit {target.__name__}: {said}", path=path)
        return MISSING


def _wrong(tree: Tree, wanted: inspect.Type, report: Report, path: Path, hint: str | None = None) -> Any:
    expected = type_name(wanted)
    if hint is None:
        hint = f"write {expected}"
    given = _shape_of(tree)
    report.add("AB1103", f"expected {expected}, got {given}", path=path, hint=hint)
    return MISSING


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
