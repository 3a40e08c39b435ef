"""The message classes of one stream: id to class, versions, fingerprint.

Rules of this file:

* Built once when a topology is checked, read-only afterwards; any thread may read it.
* One id means one class in a stream. The same id may mean another class in another stream.
* Knows classes, not bytes: formats (codec) make their decoders from ``union``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType, UnionType
from typing import Annotated, Final, Literal, TypeAliasType, Union, cast, final, get_args, get_origin, override

import msgspec

from actorbus.errors import UsageError
from actorbus.message.base import Message, MessageMeta, describe_class, type_id_of, version_of

__all__ = ["TypeSet", "layout_of"]

# FNV-1a, 64 bits: enough to tell the layouts of one deployment apart, no signature. hashlib would load 3.7 MB of
# libcrypto into every process (measured) for one number.
_FNV_OFFSET: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3


@functools.lru_cache(maxsize=256)
def layout_of(cls: type[Message]) -> str:
    """Return one line that says how a class is laid out: ``1001 v1 (symbol: str, reason: str = "")``.

    Two classes with equal lines read each other's bytes.

    Raises:
        UsageError: no message class, or a field of a type that cannot be sent.
    """
    type_id = type_id_of(cls)
    try:
        fields = msgspec.structs.fields(cls)
        _refuse_unknown_types(cls)
    except (TypeError, NameError, AttributeError) as error:
        raise UsageError(
            f"{describe_class(cls)} cannot be sent",
            why=str(error),
            hint="use str, int, float, bool, bytes, Decimal, datetime, UUID, enums, lists, dicts and structs of these",
        ) from error
    described = ", ".join(
        f"{field.encode_name}: {_type_text(field.type)}" + ("" if field.required else " = ...") for field in fields
    )
    return f"{type_id} v{version_of(cls)} ({described})"


def _refuse_unknown_types(cls: type[Message]) -> None:
    """Raise TypeError when a field, however deep, has a type that msgspec would only know with hooks of ours."""
    from msgspec import inspect  # used here alone, once a class

    _ = msgspec.msgpack.Decoder(cls)  # refuses unions that cannot be told apart
    seen: set[int] = set()
    waiting: list[object] = [inspect.type_info(cls)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, inspect.CustomType):
            raise TypeError(f"type {info.cls!r} is not known to the codecs")
        if isinstance(info, (list, tuple)):
            waiting.extend(cast("list[object]", info))
        elif isinstance(info, (inspect.Type, inspect.Field)) and id(info) not in seen:
            seen.add(id(info))
            waiting.extend(cast("object", getattr(info, name)) for name in info.__struct_fields__)


def _type_text(annotation: object) -> str:
    """Return a text that is equal for equal layouts: aliases are looked through, their names do not count."""
    if isinstance(annotation, TypeAliasType):
        return _type_text(cast("object", annotation.__value__))
    origin = cast("object", get_origin(annotation))
    if origin is None or origin is Literal:
        return annotation.__qualname__ if isinstance(annotation, type) else repr(annotation)
    arguments = [_type_text(argument) for argument in cast("tuple[object, ...]", get_args(annotation))]
    if origin is Annotated:  # get_args gives the type, then the marks, whose repr is their meaning
        return f"{arguments[0]} [{', '.join(arguments[1:])}]"
    if origin is Union or origin is UnionType:
        return " | ".join(arguments)
    name = origin.__qualname__ if isinstance(origin, type) else repr(origin)
    return f"{name}[{', '.join(arguments)}]"


def _fingerprint(text: str) -> str:
    value = _FNV_OFFSET
    for byte in text.encode():
        value = (value ^ byte) * _FNV_PRIME % 2**64
    return f"{value:016x}"


@final
class TypeSet:
    """The message classes declared for one stream.

    Args:
        types: message classes; one named twice counts once. Empty for a raw stream.
        where: for error texts, ``stream bars``.

    Raises:
        UsageError: not a message class, an abstract one, a field that cannot be sent, or one id with two classes.
    """

    __slots__: tuple[str, ...] = ("by_id", "fingerprint", "types", "versions")

    types: tuple[type[Message], ...]
    """In the order they were given."""
    by_id: Mapping[int, type[Message]]
    """Type id to class; read-only."""
    versions: Mapping[int, int]
    """Type id to schema version; read-only."""
    fingerprint: str
    """16 hex digits over the layouts: equal exactly when both sides declare the same ids, versions and fields."""

    def __init__(self, types: Iterable[type[Message]] = (), *, where: str | None = None) -> None:
        by_id: dict[int, type[Message]] = {}
        layouts: list[str] = []
        for cls in types:
            layout = layout_of(cls)
            type_id = type_id_of(cls)
            known = by_id.setdefault(type_id, cls)
            if known is not cls:
                raise UsageError(
                    f"type id {type_id} means two classes: {describe_class(known)} and {describe_class(cls)}",
                    where=where,
                    why=f"{layout_of(known)} against {layout}",
                    hint="give one of them another type_id, or put them on two streams",
                )
            layouts.append(layout)
        self.types = tuple(by_id.values())
        self.by_id = MappingProxyType(by_id)
        self.versions = MappingProxyType({type_id: version_of(cls) for type_id, cls in by_id.items()})
        text = "\n".join(sorted(set(layouts)))
        self.fingerprint = _fingerprint(text)

    @property
    def union(self) -> object:
        """The annotation that decoders are made of: ``A | B | C``; ``bytes`` for an empty set."""
        return Union[self.types] if self.types else bytes  # noqa: UP007 - the members are known at run time only

    def __contains__(self, cls: object) -> bool:
        """Return whether this very class is declared (a subclass is another class)."""
        return isinstance(cls, MessageMeta) and cls in self.by_id.values()

    def __iter__(self) -> Iterator[type[Message]]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)

    @override
    def __repr__(self) -> str:
        return f"TypeSet({', '.join(describe_class(cls) for cls in self.types)})"
