"""Check a message against its own declaration and name the field that is wrong.

Rules of this file:

* Runs on the slow path only: after an encode was refused or the native walk saw an integer above int64, and wherever
  a caller asks for it. The fast path encodes what it is given, as msgspec does.
* Strict where decoding is: what passes here decodes on the other side.
* Every integer, however deep, is an int64. Pure functions: any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from actorbus.errors import EncodeError, UsageError
from actorbus.limits import INT64_MAX, INT64_MIN
from actorbus.message.base import Message, describe_class, is_message_class, type_id_of

__all__ = ["explain_encode_failure", "validate"]

_VALUE_TEXT_MAX: Final = 80  # characters of a value in an error: a terminal line
_DEPTH_MAX: Final = 60  # below the walk's 64: message, list of batches and the value itself take levels of their own


def validate(message: Message) -> None:
    """Check every field's type and bound.

    Raises:
        EncodeError: names the class, the field, the value and what was expected.
        UsageError: not a message, or one of an abstract class.
    """
    cls = type(message)
    if not is_message_class(cls):
        raise UsageError(
            f"{_text(message)} is a {cls.__name__}, not a message",
            hint="publish an instance of a Message class; bytes go to a stream with format raw",
        )
    _ = type_id_of(cls)
    _check_struct(message, cls.__name__, 0)


def explain_encode_failure(message: object, cause: BaseException | None = None) -> EncodeError | UsageError:
    """Return (not raise) the best error for a message that could not be encoded: the field's, else the cause's text."""
    try:
        validate(cast("Message", message))
    except (EncodeError, UsageError) as error:
        error.__cause__ = cause
        return error
    error = EncodeError(
        f"{describe_class(type(message))} cannot be encoded", why=str(cause) if cause else "no field of it looks wrong"
    )
    error.__cause__ = cause
    return error


def _check_struct(struct: msgspec.Struct, path: str, depth: int) -> None:
    for field in msgspec.structs.fields(type(struct)):
        value = cast("object", getattr(struct, field.name))
        here = f"{path}.{field.name}"
        _check_value(value, here, depth + 1)
        try:
            # from_attributes is off: a struct of another class is refused; Struct values of the class pass as they are.
            _ = msgspec.convert(value, cast("type[object]", field.type), strict=True)
        except (msgspec.ValidationError, TypeError, OverflowError, ValueError) as error:
            raise EncodeError(f"{here} is {_text(value)}", why=str(error)) from None


def _check_value(value: object, path: str, depth: int) -> None:
    """Bound what msgspec's types do not: int64 everywhere, depth, fields of nested structs."""
    if depth > _DEPTH_MAX:
        raise EncodeError(f"{path} is nested deeper than {_DEPTH_MAX} levels")
    if isinstance(value, int):
        if not INT64_MIN <= value <= INT64_MAX:
            raise EncodeError(f"{path} is {value}", why=f"an integer lies within {INT64_MIN} and {INT64_MAX}")
    elif isinstance(value, msgspec.Struct):
        _check_struct(value, path, depth)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(cast("list[object]", value)):
            _check_value(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            _check_value(key, f"{path} key {_text(key)}", depth + 1)
            _check_value(item, f"{path}[{_text(key)}]", depth + 1)


def _text(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a value whose repr raises must not hide which field it is
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if len(text) <= _VALUE_TEXT_MAX else f"{text[: _VALUE_TEXT_MAX - 3]}..."
