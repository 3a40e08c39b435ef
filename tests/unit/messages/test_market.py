"""Market data messages: what a user types, and prices as Decimals."""

from __future__ import annotations

import typing
from decimal import Decimal

import pytest

from actorbus.message import Message, price, quantity
from actorbus.messages import (
    AssetClass,
    Bar,
    BookAction,
    BookUpdate,
    MarketData,
    News,
    Quote,
    Side,
    Status,
    TradePrint,
    TradingState,
    Urgency,
)


def test_a_quote_reads_as_it_is_typed() -> None:
    quote = Quote("EURUSD", price("1.0850"), price("1.0852"), quantity(1_000_000), exchange="EBS")
    assert quote.bid_decimal == Decimal("1.0850")
    assert quote.ask_decimal == Decimal("1.0852")
    assert quote.bid_size_decimal == 1_000_000
    assert quote.ask_size_decimal == 0
    assert quote.asset_class is AssetClass.UNKNOWN
    assert quote.metadata is None


def test_a_trade_print_has_the_aggressors_side() -> None:
    trade = TradePrint("AAPL", price("150.25"), quantity(100), Side.BUY, "T1")
    assert (trade.price_decimal, trade.size_decimal, trade.trade_id) == (Decimal("150.25"), 100, "T1")


def test_a_bar_has_five_decimals() -> None:
    bar = Bar("IBM", 1, price(1), price(4), price("0.5"), price(2), quantity("10.5"), 3)
    assert (bar.open_decimal, bar.high_decimal, bar.low_decimal, bar.close_decimal) == (1, 4, Decimal("0.5"), 2)
    assert bar.volume_decimal == Decimal("10.5")
    assert bar.count == 3


def test_a_book_update_is_by_order_or_by_level() -> None:
    by_order = BookUpdate("X", BookAction.ADD, Side.SELL, price(5), quantity(2), order_id="7")
    by_level = BookUpdate("X", BookAction.MODIFY, Side.BUY, price(5), quantity(2), level=3)
    assert (by_order.price_decimal, by_order.size_decimal) == (5, 2)
    assert (by_order.level, by_level.order_id) == (0, "")
    assert BookUpdate("X", BookAction.CLEAR, Side.BUY).price == 0


def test_news_and_status_need_no_more_than_their_point() -> None:
    assert News("", "Rates unchanged").urgency is Urgency.NORMAL
    assert Status("IBM", TradingState.HALTED).reason == ""


def test_prices_below_zero_are_prices() -> None:
    assert Quote("CL", price("-37.63"), price("-37.60")).bid_decimal == Decimal("-37.63")


def test_market_data_is_the_union_of_the_six() -> None:
    members = typing.get_args(MarketData.__value__)
    assert set(members) == {Quote, TradePrint, Bar, BookUpdate, News, Status}


@pytest.mark.parametrize("cls", typing.get_args(MarketData.__value__), ids=lambda cls: cls.__name__)
def test_all_have_what_the_interface_promises(cls: type[Message]) -> None:
    fields = cls.__struct_fields__
    assert fields[0] == "symbol"
    assert fields[-4:] == ("exchange", "asset_class", "event_time_ns", "metadata")
