"""Type sets: one id is one class in a stream, and equal layouts have equal fingerprints."""

from __future__ import annotations

import types
from typing import Annotated, Any

import msgspec
import pytest

from actorbus.errors import UsageError
from actorbus.message.base import ABSTRACT, Message
from actorbus.message.typeset import TypeSet, layout_of
from actorbus.messages import Bar, Quote

type Name = str


def make(name: str, fields: dict[str, Any], **keywords: Any) -> Any:
    body = {"__module__": "app", "__annotations__": {key: kind for key, (kind, *_) in fields.items()}}
    body |= {key: value for key, (_, *rest) in fields.items() for value in rest}
    return types.new_class(name, (Message,), keywords, lambda namespace: namespace.update(body))


Halt = make("Halt", {"symbol": (str,), "reason": (str, "")}, type_id=1001)


def test_classes_are_found_by_id() -> None:
    types_ = TypeSet([Quote, Bar, Halt])
    assert dict(types_.by_id) == {10: Quote, 12: Bar, 1001: Halt}
    assert dict(types_.versions) == {10: 1, 12: 1, 1001: 1}
    assert types_.types == (Quote, Bar, Halt)
    assert list(types_) == [Quote, Bar, Halt]
    assert len(types_) == 3


def test_only_the_very_class_is_in_the_set() -> None:
    class Fancy(Quote, type_id=1003):
        more: int = 0

    assert Quote in TypeSet([Quote])
    assert Fancy not in TypeSet([Quote])
    assert "Quote" not in TypeSet([Quote])


def test_a_class_named_twice_counts_once() -> None:
    assert TypeSet([Bar, Bar]).types == (Bar,)


def test_the_union_decodes_every_class() -> None:
    decode = msgspec.msgpack.Decoder(TypeSet([Quote, Halt]).union).decode
    assert decode(msgspec.msgpack.encode(Halt("E"))) == Halt("E")
    assert decode(msgspec.msgpack.encode(Quote("E", 1, 2))) == Quote("E", 1, 2)


def test_a_hundred_classes_go_together() -> None:
    classes = [make(f"M{number}", {"x": (int,)}, type_id=1000 + number) for number in range(100)]
    decode = msgspec.msgpack.Decoder(TypeSet(classes).union).decode
    assert [decode(msgspec.msgpack.encode(cls(5))) for cls in classes] == [cls(5) for cls in classes]


def test_an_empty_set_is_that_of_a_raw_stream() -> None:
    assert TypeSet().union is bytes
    assert len(TypeSet()) == 0


def test_one_id_with_two_classes_is_refused_and_names_both() -> None:
    other = make("Stop", {"symbol": (str,)}, type_id=1001)
    with pytest.raises(UsageError) as caught:
        _ = TypeSet([Halt, other], where="stream bars")
    text = str(caught.value)
    assert "type id 1001 means two classes: app.Halt and app.Stop" in text
    assert "stream bars" in text
    assert layout_of(Halt) in text
    assert layout_of(other) in text


def test_two_classes_with_one_layout_are_refused_too() -> None:
    """Decoded as one of them, a message would never reach the handlers of the other."""
    twin = make("Halt", {"symbol": (str,), "reason": (str, "")}, type_id=1001)
    assert layout_of(twin) == layout_of(Halt)
    with pytest.raises(UsageError, match="means two classes"):
        _ = TypeSet([Halt, twin])


def test_an_abstract_class_cannot_be_declared() -> None:
    with pytest.raises(UsageError, match="has no type id"):
        _ = TypeSet([make("Base", {"x": (int,)}, type_id=ABSTRACT)])


@pytest.mark.parametrize("kind", [complex, object(), "Missing", type(lambda: 0)])
def test_a_field_that_cannot_be_sent_names_the_class(kind: object) -> None:
    with pytest.raises(UsageError, match=r"app\.Odd cannot be sent"):
        _ = TypeSet([make("Odd", {"x": (kind,)}, type_id=1005)])


def test_a_layout_says_id_version_fields_and_which_have_defaults() -> None:
    assert layout_of(Halt) == "1001 v1 (symbol: str, reason: str = ...)"


def test_the_order_of_declaration_does_not_change_the_fingerprint() -> None:
    assert TypeSet([Quote, Bar]).fingerprint == TypeSet([Bar, Quote]).fingerprint
    assert len(TypeSet([Quote]).fingerprint) == 16


def test_the_name_of_an_alias_does_not_change_the_fingerprint() -> None:
    plain = make("A", {"x": (str,), "y": (list[str],)}, type_id=1001)
    alias = make("B", {"x": (Name,), "y": (list[Name],)}, type_id=1001)
    assert layout_of(plain) == layout_of(alias)


@pytest.mark.parametrize(
    "other",
    [
        make("Halt", {"symbol": (str,), "reason": (str, "")}, type_id=1001, version=2),
        make("Halt", {"symbol": (str,), "reason": (str, "")}, type_id=1002),
        make("Halt", {"symbol": (str,), "cause": (str, "")}, type_id=1001),
        make("Halt", {"symbol": (str,), "reason": (bytes, b"")}, type_id=1001),
        make("Halt", {"symbol": (str,), "reason": (str,)}, type_id=1001),
        make("Halt", {"symbol": (str,), "reason": (str | None, None)}, type_id=1001),
        make("Halt", {"symbol": (str,), "reason": (Annotated[str, msgspec.Meta(max_length=3)], "")}, type_id=1001),
        make("Halt", {"symbol": (str,)}, type_id=1001),
    ],
    ids=layout_of,
)
def test_whatever_changes_the_layout_changes_the_fingerprint(other: Any) -> None:
    assert TypeSet([other]).fingerprint != TypeSet([Halt]).fingerprint


def test_the_set_is_read_only() -> None:
    with pytest.raises(TypeError):
        TypeSet([Bar]).by_id[5] = Bar  # pyright: ignore[reportIndexIssue]


def test_its_text_names_the_classes() -> None:
    assert repr(TypeSet([Halt])) == "TypeSet(app.Halt)"
