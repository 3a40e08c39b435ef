"""Messages as JSON has them, for people and tools: `sub`, `tail`, `pub`, `journal export`.

Rules of this file: fields have names, enumerations their member's name in lower case. Prices and quantities are decimal
text ("1.085"), exact. Pure; not for the message path.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, TypeAliasType, Union, cast, get_args, get_origin

import msgspec

from actorbus.message.decimals import Scale, to_decimal

__all__ = ["decimal_text", "fields_of", "plain_type"]


def decimal_text(value: int, digits: int) -> str:
    """Return a scaled integer as the shortest exact text: ``decimal_text(1_085_000_000, 9)`` is ``1.085``."""
    text = f"{to_decimal(value, digits):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fields_of(struct: msgspec.Struct) -> dict[str, object]:
    """Return the fields of a message by name, as values that JSON has."""
    return {
        field.name: _shown(getattr(struct, field.name), field.type) for field in msgspec.structs.fields(type(struct))
    }


def _shown(value: object, annotation: object) -> object:
    annotation, digits = plain_type(annotation, value)
    if digits is not None and isinstance(value, int):
        return decimal_text(value, digits)
    if isinstance(value, enum.Enum):
        return value.name.lower()
    if isinstance(value, msgspec.Struct):
        return fields_of(value)
    inner = get_args(annotation)
    if isinstance(value, (list, tuple)):
        return [_shown(item, inner[0] if inner else None) for item in cast("Sequence[object]", value)]
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): _shown(item, inner[1] if len(inner) == 2 else None) for key, item in items}
    return msgspec.to_builtins(value)


def plain_type(annotation: object, value: object) -> tuple[object, int | None]:
    """Return the plain type behind aliases, marks and `| None`, and its decimals when it is a scaled integer."""
    digits: int | None = None
    while True:
        if isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            annotation, *marks = get_args(annotation)
            digits = next((mark.digits for mark in marks if isinstance(mark, Scale)), digits)
        elif get_origin(annotation) in (Union, UnionType):
            others = [one for one in get_args(annotation) if one is not NoneType]
            if value is None or len(others) != 1:
                return annotation, None
            annotation = others[0]
        else:
            return annotation, digits
