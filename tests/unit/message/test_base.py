"""Message classes: what their statement may say, and what they are once made."""

from __future__ import annotations

import gc
import pickle
import types
from typing import Any

import msgspec
import pytest

from actorbus.errors import UsageError
from actorbus.message.base import (
    ABSTRACT,
    Message,
    MessageMeta,
    describe_class,
    is_message_class,
    type_id_of,
    version_of,
)


class Halt(Message, type_id=1001, version=3):
    symbol: str
    reason: str = ""


class Sided(Message, type_id=ABSTRACT):
    symbol: str


class Fill(Sided, type_id=1002):
    quantity: int = 0


def make(**keywords: Any) -> type:
    """Write a class statement with these keywords, in a module of a user."""
    body = {"__module__": "app.messages", "__annotations__": {"x": int}}
    return types.new_class("Made", (Message,), keywords, lambda namespace: namespace.update(body))


def test_a_message_is_an_array_that_begins_with_its_type_id() -> None:
    assert msgspec.json.encode(Halt("EURUSD", "wide")) == b'[1001,"EURUSD","wide"]'
    assert msgspec.msgpack.encode(Halt("E")) == bytes.fromhex("93 cd03e9 a145 a0")


def test_type_id_and_version_can_be_asked_of_the_class() -> None:
    assert (type_id_of(Halt), version_of(Halt)) == (1001, 3)
    assert (type_id_of(Fill), version_of(Fill)) == (1002, 1)


def test_fields_come_in_the_order_they_are_written_bases_first() -> None:
    assert Fill.__struct_fields__ == ("symbol", "quantity")
    assert msgspec.json.encode(Fill("E", 2)) == b'[1002,"E",2]'


def test_a_message_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Halt("E").symbol = "x"  # pyright: ignore[reportAttributeAccessIssue]


def test_equal_messages_are_equal_and_hash_alike() -> None:
    assert Halt("E") == Halt("E")
    assert hash(Halt("E")) == hash(Halt("E"))
    assert Halt("E") != Halt("F")


def test_the_collector_never_visits_a_message() -> None:
    assert not gc.is_tracked(Halt("E"))


def test_a_changed_message_is_a_new_one() -> None:
    assert msgspec.structs.replace(Halt("E"), reason="news") == Halt("E", "news")


def test_a_message_crosses_process_borders() -> None:
    assert pickle.loads(pickle.dumps(Halt("E"))) == Halt("E")


def test_creating_a_class_registers_nothing() -> None:
    """Two classes of one id may exist; only a stream that declares both refuses them."""
    first, second = make(type_id=1001), make(type_id=1001)
    assert first is not second


@pytest.mark.parametrize("type_id", [1000, 65_535])
def test_ids_of_users_reach_from_1000_to_65535(type_id: int) -> None:
    assert type_id_of(make(type_id=type_id)) == type_id


@pytest.mark.parametrize("type_id", [-1, 1, 999, 65_536, True, "1001", 1001.0])
def test_another_type_id_is_refused_with_class_value_and_bound(type_id: object) -> None:
    with pytest.raises(UsageError) as caught:
        _ = make(type_id=type_id)
    text = str(caught.value)
    assert "class app.messages.Made" in text
    assert repr(type_id) in text
    assert "1000 to 65535" in text


def test_a_missing_type_id_is_refused_with_what_to_write() -> None:
    with pytest.raises(UsageError, match=r"app\.messages\.Made has no type_id; write class Name\(Message, type_id="):
        _ = make()


@pytest.mark.parametrize("version", [0, 65_536, "2", True])
def test_another_version_is_refused_with_class_value_and_bound(version: object) -> None:
    with pytest.raises(UsageError, match=r"Made has version .*: it must be an int from 1 to 65535") as caught:
        _ = make(type_id=1001, version=version)
    assert repr(version) in str(caught.value)


def test_what_the_wire_format_fixes_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="unknown keywords array_like, frozen"):
        _ = make(type_id=1001, frozen=False, array_like=False)


def test_ids_below_1000_are_ours_alone() -> None:
    body = {"__module__": "actorbus.messages.more", "__annotations__": {"x": int}}
    ours = types.new_class("Ours", (Message,), {"type_id": 60}, lambda namespace: namespace.update(body))
    assert type_id_of(ours) == 60
    with pytest.raises(UsageError, match="has type_id 1:"):
        _ = types.new_class("Raw", (Message,), {"type_id": 1}, lambda namespace: namespace.update(body))


def test_a_module_that_only_begins_like_ours_is_a_users() -> None:
    body = {"__module__": "actorbus_handlers.mine", "__annotations__": {"x": int}}
    with pytest.raises(UsageError, match="has type_id 60"):
        _ = types.new_class("Theirs", (Message,), {"type_id": 60}, lambda namespace: namespace.update(body))


def test_an_abstract_base_has_no_type_id() -> None:
    with pytest.raises(UsageError, match="Sided has no type id: it is a base for other messages"):
        _ = type_id_of(Sided)


@pytest.mark.parametrize("other", [int, "Halt", None, msgspec.Struct])
def test_other_things_have_no_type_id(other: Any) -> None:
    with pytest.raises(UsageError, match="is not a message class"):
        _ = type_id_of(other)


def test_message_classes_are_told_from_others() -> None:
    assert is_message_class(Halt)
    assert is_message_class(Sided)
    assert not is_message_class(Halt("E"))
    assert not is_message_class(int)
    assert isinstance(Halt, MessageMeta)


def test_a_class_is_described_by_module_and_name() -> None:
    assert describe_class(Halt).endswith("test_base.Halt")
