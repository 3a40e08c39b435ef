"""The built-in messages as a whole: names, ids, and that their layouts do not change by accident."""

from __future__ import annotations

import msgspec
import pytest

import actorbus.messages
from actorbus.message import TypeSet, layout_of, type_id_of, validate, version_of
from actorbus.messages import built_in_messages

# The layout on the wire, field by field. A change here is a new version: append, with a default, and raise `version`.
FIELDS = {
    ("Quote", 10, 1): "symbol bid ask bid_size ask_size exchange asset_class event_time_ns metadata",
    ("TradePrint", 11, 1): "symbol price size side trade_id exchange asset_class event_time_ns metadata",
    ("Bar", 12, 1): (
        "symbol start_time_ns open high low close volume count exchange asset_class event_time_ns metadata"
    ),
    ("BookUpdate", 13, 1): (
        "symbol action side price size order_id level flags exchange asset_class event_time_ns metadata"
    ),
    ("News", 14, 1): "symbol headline body source urgency exchange asset_class event_time_ns metadata",
    ("Status", 15, 1): "symbol state reason exchange asset_class event_time_ns metadata",
    ("Order", 30, 1): (
        "symbol action order_id client_order_id side order_type time_in_force price stop_price quantity account "
        "exchange asset_class event_time_ns metadata"
    ),
    ("Trade", 31, 1): (
        "symbol trade_id order_id side price quantity leaves_quantity status liquidity fee "
        "exchange asset_class event_time_ns metadata"
    ),
    ("Event", 50, 1): "kind source severity text symbol event_time_ns metadata",
    ("Control", 51, 1): "command target correlation_id arguments event_time_ns metadata",
}


def test_the_layouts_are_the_published_ones() -> None:
    classes = built_in_messages().values()
    assert {
        (cls.__name__, type_id_of(cls), version_of(cls)): " ".join(cls.__struct_fields__) for cls in classes
    } == FIELDS


def test_every_message_class_of_the_package_is_in_the_catalogue_and_the_face() -> None:
    assert set(built_in_messages()) <= set(actorbus.messages.__all__)
    assert list(built_in_messages()) == [name for name, _, _ in FIELDS]


def test_they_go_together_in_one_stream() -> None:
    assert len(TypeSet(built_in_messages().values())) == 10


@pytest.mark.parametrize("cls", built_in_messages().values(), ids=lambda cls: cls.__name__)
def test_metadata_is_last_and_every_field_after_the_required_ones_has_a_default(cls: type[msgspec.Struct]) -> None:
    fields = msgspec.structs.fields(cls)
    assert fields[-1].name == "metadata"
    required = [field.required for field in fields]
    assert required == sorted(required, reverse=True)
    assert required[0]


@pytest.mark.parametrize("cls", built_in_messages().values(), ids=lambda cls: cls.__name__)
def test_each_survives_msgpack_and_json_with_its_defaults(cls: type[msgspec.Struct]) -> None:
    values = {"str": "x", "int": 7}
    arguments = [
        1 if "Side" in str(field.type) or "Action" in str(field.type) or "State" in str(field.type) else
        values.get(getattr(field.type, "__name__", ""), 7)
        for field in msgspec.structs.fields(cls)
        if field.required
    ]  # fmt: skip
    message = msgspec.convert([type_id_of(cls), *arguments], cls)  # pyright: ignore[reportArgumentType]
    validate(message)  # pyright: ignore[reportArgumentType]
    for codec in (msgspec.msgpack, msgspec.json):
        assert codec.decode(codec.encode(message), type=cls) == message
    assert layout_of(cls)  # pyright: ignore[reportArgumentType]


def test_the_catalogue_is_read_only() -> None:
    with pytest.raises(TypeError):
        built_in_messages()["X"] = None  # pyright: ignore[reportIndexIssue]
