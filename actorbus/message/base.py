"""The base of every message: an immutable struct with a number.

Rules of this file:

* A message class is data: fields, a ``type_id``, a ``version``. Creating one registers nothing; a stream's topology
  collects its classes in a ``TypeSet`` (typeset.py).
* Encoded, a message is an array whose first element is the type id, then the fields in the order they are written:
  so fields are only ever *appended*, with defaults, and each append raises ``version``.
* Every integer is an int64 on the wire. Decoding does not look (it would cost 12 % of a batch, measured): the native
  walk refuses larger ones, and ``validate`` (validation.py) names field and value.
* Messages are frozen and hold no cycles, hence ``gc=False``: the collector never visits them (12 %, measured).

    class Halt(ab.Message, type_id=1001, version=1):
        symbol: str
        reason: str = ""
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, dataclass_transform

import msgspec

from actorbus.errors import UsageError
from actorbus.limits import SCHEMA_VERSION_MAX, TYPE_ID_FIRST_OF_USERS, TYPE_ID_MAX, TYPE_ID_RAW

__all__ = ["ABSTRACT", "Message", "MessageMeta", "describe_class", "is_message_class", "type_id_of", "version_of"]

ABSTRACT: Final = 0
"""``type_id=ABSTRACT``: a base that other messages share fields through; it cannot be sent itself."""
_OURS: Final = ("actorbus", "actorbus.")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class MessageMeta(msgspec.StructMeta):
    """Makes message classes; checks ``type_id`` and ``version`` when the class is written, and nothing later.

    A plain metaclass over ``StructMeta`` with its keywords spelled out, so that pyright and mypy know them.
    """

    if TYPE_CHECKING:

        def __new__(  # noqa: PYI034 - Self is not allowed in a metaclass (PEP 673)
            mcls,
            name: str,
            bases: tuple[type, ...],
            namespace: dict[str, Any],
            /,
            *,
            type_id: int,
            version: int = 1,
        ) -> MessageMeta: ...

    else:

        def __new__(mcls, name, bases, namespace, /, *, type_id=None, version=1, **others):
            """Create the class, or raise UsageError naming it, the value and the bound."""
            module = namespace.get("__module__", "")
            _check_keywords(f"class {module}.{name}", module, type_id, version, others)
            namespace["__message_version__"] = version
            tag = None if type_id == ABSTRACT else type_id
            return super().__new__(
                mcls, name, bases, namespace, tag=tag, frozen=True, array_like=True, gc=False, eq=True
            )


def _check_keywords(where: str, module: str, type_id: object, version: object, others: dict[str, object]) -> None:
    """Raise UsageError when the keywords of a class statement are not right; it names class, value and bound."""
    if others:
        raise UsageError(
            f"{where} has unknown keywords {', '.join(sorted(others))}",
            why="a message takes type_id and version; the wire format fixes the rest (frozen, an array, tagged)",
        )
    if type_id is None:
        raise UsageError(
            f"{where} has no type_id",
            hint=f"write class Name(Message, type_id={TYPE_ID_FIRST_OF_USERS}..{TYPE_ID_MAX})",
        )
    first = TYPE_ID_RAW + 1 if module.startswith(_OURS[1]) or module == _OURS[0] else TYPE_ID_FIRST_OF_USERS
    if type(type_id) is not int or not (type_id == ABSTRACT or first <= type_id <= TYPE_ID_MAX):
        raise UsageError(
            f"{where} has type_id {type_id!r}",
            why=f"it must be an int from {first} to {TYPE_ID_MAX}; below {TYPE_ID_FIRST_OF_USERS} they are ours",
        )
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION_MAX:
        raise UsageError(f"{where} has version {version!r}", why=f"it must be an int from 1 to {SCHEMA_VERSION_MAX}")


class Message(msgspec.Struct, metaclass=MessageMeta, type_id=ABSTRACT):
    """An immutable message: subclass with ``type_id=1000..65535`` and, from the second layout on, ``version=``.

    Equal when class and fields are equal; hashable when all fields are; ``msgspec.structs.replace`` derives a changed
    one. Any thread may hold it.

    Raises:
        UsageError: at the class statement, when ``type_id`` or ``version`` is missing, no int, or out of bounds.
    """

    __message_version__: ClassVar[int]

    def copy(self) -> Self:
        """Return a message to keep: this one, as it never changes.

        On a stream of format struct a handler is given a message that is read where it lies and is valid during the
        call alone: there this returns the real one. Code that keeps `message.copy()` is right on every stream.
        """
        return self


def describe_class(cls: type) -> str:
    """Return ``module.Name`` for error texts."""
    return f"{cls.__module__}.{cls.__qualname__}"


def is_message_class(value: object) -> bool:
    """Return whether this is a class made from ``Message`` (an abstract base included)."""
    return isinstance(value, MessageMeta)


def type_id_of(cls: type[Message]) -> int:
    """Return the type id of a message class.

    Raises:
        UsageError: not a message class, or one with ``type_id=ABSTRACT``.
    """
    if not is_message_class(cls):
        raise UsageError(f"{cls!r} is not a message class", hint="subclass actorbus.Message with a type_id")
    tag = cls.__struct_config__.tag
    if not isinstance(tag, int):
        raise UsageError(
            f"{describe_class(cls)} has no type id: it is a base for other messages and cannot be sent",
            hint=f"give it type_id={TYPE_ID_FIRST_OF_USERS}..{TYPE_ID_MAX}",
        )
    return tag


def version_of(cls: type[Message]) -> int:
    """Return the schema version of a message class, 1 to 65535."""
    return cls.__message_version__
