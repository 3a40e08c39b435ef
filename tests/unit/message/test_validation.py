"""Validation: names the field, the value and what was expected."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.errors import EncodeError, UsageError
from actorbus.message.base import ABSTRACT, Message
from actorbus.message.validation import explain_encode_failure, validate
from actorbus.messages import AssetClass, Quote


class Leg(msgspec.Struct, frozen=True):
    ratio: int
    name: str = ""


class Spread(Message, type_id=1001):
    symbol: str
    legs: list[Leg] = msgspec.field(default_factory=list)
    limits: dict[str, int] = msgspec.field(default_factory=dict)
    score: float = 0.0
    small: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    deep: Any = None


class Base(Message, type_id=ABSTRACT):
    symbol: str


class Cruel:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    "message",
    [
        Quote("EURUSD", 1, 2),
        Quote("EURUSD", -(2**63), 2**63 - 1, asset_class=AssetClass.FX, metadata={"a": "b"}),
        Spread("S", [Leg(1), Leg(-2, "x")], {"a": 5}, 1, 10, [{"k": (1, 2)}]),
    ],
)
def test_a_message_that_fits_its_declaration_passes(message: Message) -> None:
    validate(message)


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        (Quote(None, 1, 2), "Quote.symbol", "None"),
        (Quote("E", "1", 2), "Quote.bid", "'1'"),
        (Quote("E", 1, 2.5), "Quote.ask", "2.5"),
        (Quote("E", True, 2), "Quote.bid", "True"),
        (Quote("E", 1, 2**63), "Quote.ask", str(2**63)),
        (Quote("E", 1, 2**90), "Quote.ask", str(2**90)),
        (Quote("E", -(2**63) - 1, 2), "Quote.bid", str(-(2**63) - 1)),
        (Quote("E", 1, 2, asset_class=77), "Quote.asset_class", "77"),
        (Quote("E", 1, 2, metadata={"a": 1}), "Quote.metadata", "{'a': 1}"),
        (Quote("E", 1, 2, metadata=[1]), "Quote.metadata", "[1]"),
        (Spread("S", [Leg(1), Leg("x")]), "Spread.legs[1].ratio", "'x'"),
        (Spread("S", [Leg(2**64)]), "Spread.legs[0].ratio", str(2**64)),
        (Spread("S", ["leg"]), "Spread.legs", "['leg']"),
        (Spread("S", limits={"a": 2**63}), "Spread.limits['a']", str(2**63)),
        (Spread("S", small=11), "Spread.small", "11"),
        (Spread("S", score="1"), "Spread.score", "'1'"),
        (Spread("S", deep={1: [2**70]}), "Spread.deep[1][0]", str(2**70)),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_field_and_value(message: Message, field: str, value: str) -> None:
    with pytest.raises(EncodeError) as caught:
        validate(message)
    assert str(caught.value).startswith(f"{field} is {value}")


def test_a_message_nested_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(EncodeError, match="nested deeper than 60 levels"):
        validate(Spread("S", deep=deep))


@pytest.mark.parametrize("other", [5, b"raw", "text", None, {"symbol": "E"}, Leg(1)])
def test_what_is_no_message_is_a_mistake_of_the_caller(other: Any) -> None:
    with pytest.raises(UsageError, match="not a message"):
        validate(other)


def test_an_abstract_message_cannot_be_sent() -> None:
    with pytest.raises(UsageError, match="has no type id"):
        validate(Base("E"))


def test_a_value_whose_text_raises_does_not_hide_its_field() -> None:
    with pytest.raises(EncodeError, match=r"Quote\.symbol is <Cruel whose repr raises RuntimeError>"):
        validate(Quote(Cruel(), 1, 2))  # pyright: ignore[reportArgumentType]


def test_a_long_value_is_cut() -> None:
    with pytest.raises(EncodeError) as caught:
        validate(Quote("E", "9" * 10_000, 2))  # pyright: ignore[reportArgumentType]
    assert len(str(caught.value)) < 200


def test_a_failed_encode_is_explained_by_its_field_with_the_cause_kept() -> None:
    cause = OverflowError("too big")
    error = explain_encode_failure(Quote("E", 2**64, 1), cause)
    assert isinstance(error, EncodeError)
    assert str(error).startswith("Quote.bid is 18446744073709551616")
    assert error.__cause__ is cause


def test_a_failure_that_no_field_explains_keeps_the_encoders_words() -> None:
    assert "cannot be encoded: odd" in str(explain_encode_failure(Quote("E", 1, 1), ValueError("odd")))
    assert "no field of it looks wrong" in str(explain_encode_failure(Quote("E", 1, 1)))


def test_a_failure_of_something_that_is_no_message_says_so() -> None:
    assert isinstance(explain_encode_failure(object(), TypeError("x")), UsageError)


@given(
    st.builds(
        Quote,
        st.one_of(st.text(), st.none(), st.integers()),
        st.one_of(st.integers(), st.floats(), st.booleans()),
        st.integers(),
        metadata=st.one_of(st.none(), st.dictionaries(st.text(), st.one_of(st.text(), st.integers()))),
    )
)
def test_what_passes_decodes_to_the_same_message_and_what_does_not_would_not(message: Quote) -> None:
    """Validation is as strict as the other side plus the walk: int64."""
    try:
        validate(message)
    except EncodeError:
        try:
            body = msgspec.msgpack.encode(message)
            decoded = msgspec.msgpack.decode(body, type=Quote)
        except (msgspec.MsgspecError, OverflowError, UnicodeError):
            return
        assert max(decoded.bid, decoded.ask) > 2**63 - 1
    else:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=Quote) == message
