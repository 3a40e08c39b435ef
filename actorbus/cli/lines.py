"""Messages as JSON lines, and back: what `sub` and `tail` print and `pub` reads.

    {"stream": "bars", "sequence": 7, "time_ns": ..., "session": ..., "position": ..., "type": "Bar", "message": {...}}

`pub` needs `type` and `message` of it, or the fields alone where the stream carries one class; so the output of `sub`
is input of `pub`. Bodies of raw streams stand under `base64` instead of `message` (`text` is read too).

Rules of this file: fields have names, enumerations their member's name in lower case. Prices and quantities are decimal
text ("1.085"), exact; read are text and numbers, both in whole units (1 is 1.0, as for `ab.price`). Pure.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args, get_origin

import msgspec

from actorbus.dispatch import MetaCopy
from actorbus.errors import EncodeError, InvalidValue
from actorbus.message import Message, validate
from actorbus.message.decimals import PRICE_DIGITS, price, quantity
from actorbus.message.shown import fields_of, plain_type
from actorbus.topology.report import one_of

__all__ = ["line_of", "message_of"]


def line_of(message: object, meta: MetaCopy) -> dict[str, object]:
    """Return the JSON object of a message and where it came from."""
    head: dict[str, object] = {
        "stream": meta.stream,
        "sequence": meta.sequence,
        "time_ns": meta.publish_time_ns or meta.receive_time_ns,
        "session": meta.session,
        "position": meta.position,
    }
    if isinstance(message, msgspec.Struct):
        return {**head, "type": type(message).__name__, "message": fields_of(message)}
    return {**head, "type": "bytes", "base64": base64.b64encode(cast("bytes", message)).decode("ascii")}


def message_of(text: str, types: Sequence[type]) -> Message | bytes:
    """Return the message of one JSON line, for a stream that carries these classes (`bytes` alone: raw).

    Raises:
        InvalidValue: not a JSON object, an unknown class or field, a field missing.
        EncodeError: a value of a wrong type or out of range; names class and field.
    """
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise InvalidValue(f"{text[:80]!r} is not JSON", why=str(error), hint="give one JSON object a line") from error
    if not isinstance(value, dict):
        raise InvalidValue(f"{text[:80]!r} is no JSON object", hint='write {"field": value, ...}')
    line = cast("dict[str, object]", value)
    if tuple(types) == (bytes,):
        return _bytes(line)
    cls, fields = _class_and_fields(line, types)
    message = _struct(cls, fields)
    validate(message)
    return message


def _bytes(line: Mapping[str, object]) -> bytes:
    match line:
        case {"base64": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise InvalidValue(f"base64 {text[:40]!r} is not base64", why=str(error)) from error
        case {"text": str(text)}:
            return text.encode()
        case _:
            raise InvalidValue("a raw stream carries bytes", hint='write {"text": "..."} or {"base64": "..."}')


def _class_and_fields(line: Mapping[str, object], types: Sequence[type]) -> tuple[type[Message], Mapping[str, object]]:
    known = {cls.__name__: cast("type[Message]", cls) for cls in types}
    fields = line.get("message")
    if not isinstance(fields, dict):
        if len(known) == 1:
            return next(iter(known.values())), line
        hint = 'write {"type": "' + next(iter(known), "Name") + '", "message": {...}}'
        raise InvalidValue(f"the stream carries {', '.join(known)}; the line does not say which", hint=hint)
    name = line.get("type", next(iter(known)) if len(known) == 1 else None)
    if not isinstance(name, str) or name not in known:
        raise InvalidValue(f"the stream carries no {name}", hint=one_of(str(name), known))
    return known[name], cast("dict[str, object]", fields)


def _struct[S: msgspec.Struct](cls: type[S], given: Mapping[str, object]) -> S:
    described = {field.name: field for field in msgspec.structs.fields(cls)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in described:
            raise InvalidValue(f"{cls.__name__} has no field {name!r}", hint=one_of(name, described))
        values[name] = _read(value, described[name].type, f"{cls.__name__}.{name}")
    missing = [field.name for field in described.values() if field.required and field.name not in values]
    if missing:
        raise InvalidValue(f"{cls.__name__} lacks {', '.join(missing)}", hint="fields without a default must be given")
    return cls(**values)


def _read(value: object, annotation: object, where: str) -> object:
    annotation, digits = plain_type(annotation, value)
    if digits is not None and isinstance(value, (str, float, int)):
        return price(value) if digits == PRICE_DIGITS else quantity(value)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum) and isinstance(value, str):
        members = {member.name.lower(): member for member in annotation}
        if value.lower() not in members:
            raise InvalidValue(f"{where}: there is no {value!r}", hint=one_of(value.lower(), members))
        return members[value.lower()]
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct) and isinstance(value, dict):
        return _struct(annotation, cast("dict[str, object]", value))
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (list, tuple) and isinstance(value, list):
        value = [_read(item, inner[0], where) for item in cast("list[object]", value)]
    elif origin is dict and isinstance(value, dict):
        value = {key: _read(item, inner[1], where) for key, item in cast("dict[str, object]", value).items()}
    try:
        return msgspec.convert(value, cast("type[object]", annotation))
    except msgspec.ValidationError as error:
        raise EncodeError(f"{where}: {error}", hint="correct the value") from error
