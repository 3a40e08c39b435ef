"""Decodes a `Tree` by a type, reporting every misfit with its place instead of stopping at the first.

msgspec stops at the first error and knows no lines (its maintainers decline both), so this walks msgspec's own
description of the types. What has a problem is replaced by its default, or a stand-in, and its path is noted as broken
in the report, so that the rules go on and nothing is blamed twice.

    decode(tree, DriverSpec, report, ("driver",)) -> DriverSpec, or MISSING when nothing usable is left
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from msgspec import inspect

from actorbus.topology.report import Report, nearest_name, one_of
from actorbus.topology.scalars import MISSING, literal, number, size, text, wrong
from actorbus.topology.tree import Path, Tree

__all__ = ["MISSING", "decode", "decode_as"]


def decode(tree: Tree, wanted: Any, report: Report, path: Path = ()) -> Any:
    """Decode a tree by a Python type. Returns MISSING when nothing usable is left."""
    return decode_as(tree, inspect.type_info(wanted), report, path)


def decode_as(tree: Tree, wanted: inspect.Type, report: Report, path: Path, kind: str | None = None) -> Any:
    """Decode a tree by msgspec's description of a type; `kind` is what `Meta(extra=...)` says of it."""
    if isinstance(wanted, inspect.Metadata):
        extra = cast("dict[str, str] | None", cast("object", wanted.extra)) or {}
        return decode_as(tree, wanted.type, report, path, extra.get("kind", kind))
    if tree.spoiled or (kind == "channel" and any(node.spoiled for _, node in tree.walk())):
        report.mark_broken(path)
        return MISSING
    if kind == "channel":
        return tree.to_python()  # actorbus.channel reports what is wrong with it, in its own words
    if kind == "size":
        return size(tree, wanted, report, path)
    if isinstance(wanted, inspect.UnionType):
        return _union(tree, wanted, report, path, kind)
    if isinstance(wanted, inspect.StructType):
        return _struct(tree, wanted, report, path)
    if isinstance(wanted, inspect.DictType):
        return _dict(tree, wanted, report, path)
    if isinstance(wanted, inspect.ListType | inspect.VarTupleType):
        return _list(tree, wanted, report, path)
    return _scalar(tree, wanted, report, path, kind)


def _scalar(tree: Tree, wanted: inspect.Type, report: Report, path: Path, kind: str | None) -> Any:
    if isinstance(wanted, inspect.LiteralType):
        return literal(tree, wanted, report, path)
    if isinstance(wanted, inspect.StrType):
        return text(tree, wanted, report, path, kind)
    if isinstance(wanted, inspect.IntType | inspect.FloatType | inspect.BoolType):
        tree.take_unquoted()
    if isinstance(wanted, inspect.IntType | inspect.FloatType):
        return number(tree, wanted, report, path)
    if isinstance(wanted, inspect.BoolType | inspect.NoneType):
        expected = bool if isinstance(wanted, inspect.BoolType) else type(None)
        return tree.value if type(tree.value) is expected else wrong(tree, wanted, report, path)
    return _convert(tree, wanted, report, path)


def _struct(tree: Tree, wanted: inspect.StructType, report: Report, path: Path) -> Any:
    if tree.value is None:
        tree = Tree({}, tree.place, key_place=tree.key_place)
    mapping = tree.mapping
    if mapping is None:
        return wrong(tree, wanted, report, path, _as_mapping(tree, wanted))
    fields = {field.encode_name: field for field in wanted.fields}
    for key in mapping:
        if key not in fields:
            _unknown_key(key, mapping, list(fields), report, path)
    found: dict[str, Any] = {}
    for name, field in fields.items():
        child = mapping.get(name)
        value = MISSING if child is None else decode_as(child, field.type, report, (*path, name))
        if child is None and field.required and not report.is_broken(*path, name):
            _missing_key(name, report, path)
        if value is not MISSING:
            found[field.name] = value
        elif field.required:
            found[field.name] = _stand_in(field.type)
    return wanted.cls(**found)


def _as_mapping(tree: Tree, wanted: inspect.StructType) -> str | None:
    """Return the hint for a scalar that stands where a mapping belongs: `block` was meant as `{policy: block}`."""
    for field in wanted.fields:
        kind = field.type
        while isinstance(kind, inspect.Metadata):
            kind = kind.type
        if isinstance(kind, inspect.LiteralType) and tree.value in kind.values:
            return f"write {{{field.encode_name}: {tree.shown()}}}"
    return None


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


def _unknown_key(key: str, mapping: dict[str, Tree], known: list[str], report: Report, path: Path) -> None:
    """Report it. The key it was probably meant to be is there, so to say: nobody shall miss it as well."""
    here = path[-1] if path else "the top level"
    meant = nearest_name(key, known)
    if meant is not None and meant not in mapping:
        report.mark_broken((*path, meant))
    report.add(
        "AB1101", f"{here!s} has no key {key!r}", path=(*path, key), key=True, value=key, hint=one_of(key, known)
    )


def _missing_key(name: str, report: Report, path: Path) -> None:
    report.add("AB1102", f"key {name!r} is missing", path=path, key=True, hint=f"add `{name}: ...`")
    report.mark_broken((*path, name))


def _dict(tree: Tree, wanted: inspect.DictType, report: Report, path: Path) -> Any:
    if tree.value is None:
        return {}
    mapping = tree.mapping
    if mapping is None:
        return wrong(tree, wanted, report, path)
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
        return wrong(tree, wanted, report, path, hint)
    decoded = [decode_as(item, wanted.item_type, report, (*path, index)) for index, item in enumerate(items)]
    # What is broken keeps its place by a stand-in: the indexes of the others stay those of the file.
    found = [_stand_in(wanted.item_type) if value is MISSING else value for value in decoded]
    return found if isinstance(wanted, inspect.ListType) else tuple(found)


def _union(tree: Tree, wanted: inspect.UnionType, report: Report, path: Path, kind: str | None) -> Any:
    if tree.value is None and wanted.includes_none:
        return None
    parts = [part for part in wanted.types if not isinstance(part, inspect.NoneType)]
    if len(parts) == 1:
        return decode_as(tree, parts[0], report, path, kind)
    fitting = [part for part in parts if _could_be(tree, part)]
    if any(isinstance(part, inspect.StrType) for part in fitting):
        tree.unquoted = None  # text is wanted too, and quotes make text
    if len(fitting) == 1:
        return decode_as(tree, fitting[0], report, path, kind)
    for part in fitting:
        trial = Report()
        if (value := decode_as(tree, part, trial, path, kind)) is not MISSING and not trial.has_errors:
            return value
    return wrong(tree, wanted, report, path)


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
        hint = f"write what {target.__name__} takes"
        report.add("AB1103", f"{tree.shown()!r} does not fit {target.__name__}: {said}", path=path, hint=hint)
        return MISSING
