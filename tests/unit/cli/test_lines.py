"""Messages as JSON lines and back."""

from __future__ import annotations

import json

import pytest

import actorbus as ab
from actorbus.cli.lines import line_of, message_of
from actorbus.dispatch import MetaCopy
from actorbus.errors import EncodeError, InvalidValue
from actorbus.message.shown import fields_of
from actorbus.messages.catalogue import built_in_messages

META = MetaCopy(
    stream="s", session=-1, position=64, index=0, sequence=7, publisher=9, publish_time_ns=5, receive_time_ns=6,
    type_id=10, version=1,
)  # fmt: skip
QUOTE = ab.Quote(
    "EURUSD", bid=ab.price("1.0850"), ask=ab.price("1.0852"), bid_size=ab.quantity("0.00000001"),
    asset_class=ab.AssetClass.FX, metadata={"venue": "X"},
)  # fmt: skip


def test_a_line_names_fields_members_and_decimals() -> None:
    line = line_of(QUOTE, META)
    assert (line["stream"], line["sequence"], line["time_ns"], line["type"]) == ("s", 7, 5, "Quote")
    assert fields_of(QUOTE) == {
        "symbol": "EURUSD", "bid": "1.085", "ask": "1.0852", "bid_size": "0.00000001", "ask_size": "0", "exchange": "",
        "asset_class": "fx", "event_time_ns": 0, "metadata": {"venue": "X"},
    }  # fmt: skip


def test_what_is_printed_reads_back_as_the_same_message() -> None:
    text = json.dumps(line_of(QUOTE, META))
    assert message_of(text, (ab.Quote,)) == QUOTE
    assert message_of(text, (ab.Quote, ab.Bar)) == QUOTE


@pytest.mark.parametrize("cls", built_in_messages().values(), ids=lambda cls: cls.__name__)
def test_every_message_of_ours_goes_there_and_back(cls: type[ab.Message]) -> None:
    import msgspec

    given = {
        field.name: {str: "x", int: 3}.get(field.type, 3)  # type: ignore[call-overload]
        for field in msgspec.structs.fields(cls)
        if field.required
    }
    for field in msgspec.structs.fields(cls):
        if field.required and isinstance(field.type, type) and issubclass(field.type, int) and field.type is not int:
            given[field.name] = list(field.type)[1]  # pyright: ignore[reportArgumentType]
    message = cls(**given)
    assert message_of(json.dumps(line_of(message, META)), tuple(built_in_messages().values())) == message


class Leg(ab.Message, type_id=1001):
    side: ab.Side
    price: ab.Price | None = None


class Basket(ab.Message, type_id=1002):
    legs: list[Leg]
    prices: dict[str, ab.Price]
    sizes: tuple[ab.Quantity, ...] = ()
    note: str | None = None
    body: bytes = b""


def test_messages_inside_messages_go_there_and_back_by_name() -> None:
    basket = Basket(
        [Leg(ab.Side.BUY, ab.price("1.5")), Leg(ab.Side.SELL)], {"A": ab.price(2)}, (ab.quantity(3),), "x", b"\xff"
    )
    shown = fields_of(basket)
    assert shown["legs"] == [{"side": "buy", "price": "1.5"}, {"side": "sell", "price": None}]
    assert (shown["prices"], shown["sizes"]) == ({"A": "2"}, ["3"])
    assert message_of(json.dumps(line_of(basket, META)), (Basket,)) == basket
    with pytest.raises(InvalidValue, match="did you mean 'side'"):
        message_of('{"legs": [{"sid": "buy"}], "prices": {}}', (Basket,))


def test_numbers_are_whole_units_as_for_price() -> None:
    read = message_of('{"symbol": "A", "bid": 1, "ask": 1.25, "bid_size": "3"}', (ab.Quote,))
    assert read == ab.Quote("A", bid=ab.price(1), ask=ab.price("1.25"), bid_size=ab.quantity(3))


def test_bytes_are_base64_and_read_from_text_too() -> None:
    assert line_of(b"\x00\xff", META)["base64"] == "AP8="
    assert message_of('{"base64": "AP8="}', (bytes,)) == b"\x00\xff"
    assert message_of('{"text": "é"}', (bytes,)) == "é".encode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ("[1]", "is no JSON object"),
        ('{"symbol": "A"}', "Quote lacks bid, ask"),
        ('{"symbol": "A", "bid": 1, "ask": 1, "assetclass": 1}', "did you mean 'asset_class'?"),
        ('{"symbol": "A", "bid": 1, "ask": 1, "asset_class": "fxx"}', "did you mean 'fx'?"),
        ('{"type": "Quot", "message": {}}', "did you mean 'Quote'?"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        message_of(text, (ab.Quote,))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"symbol": 7, "bid": 1, "ask": 1}',
        '{"symbol": "A", "bid": "x", "ask": 1}',
        '{"symbol": "A", "bid": 1, "ask": null}',
    ],
)
def test_a_wrong_value_names_the_field(text: str) -> None:
    with pytest.raises(EncodeError):
        message_of(text, (ab.Quote,))


@pytest.mark.parametrize("text", ['{"base64": "?"}', '{"x": 1}'])
def test_wrong_bytes_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        message_of(text, (bytes,))


def test_several_classes_need_the_type() -> None:
    with pytest.raises(InvalidValue, match="does not say which"):
        message_of('{"symbol": "A"}', (ab.Quote, ab.Bar))
