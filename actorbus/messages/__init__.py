"""The built-in messages: market data, orders and trades, events and control.

Rules of this file:

* Prices are int64 in units of 1e-9, quantities (sizes, volumes) int64 in units of 1e-8 (``actorbus.price``,
  ``actorbus.quantity``); each has a ``<field>_decimal`` twin that computes a Decimal on access.
* Times are nanoseconds since 1970-01-01 UTC, 0 when not known: what the *venue* says; when a message was published
  and received stands in ``Meta``.
* What a user must say comes first, ``symbol`` before all; what has a sensible "not known" comes after; ``metadata`` is
  last, but for fields appended later. A missing number is 0, a missing text is empty, an enum has UNKNOWN = 0.
* Fields are appended only, with defaults, raising ``version``. Type ids are never reused.

    id  class        id  class        id  class
    10  Quote        14  News         50  Event
    11  TradePrint   15  Status       51  Control
    12  Bar          30  Order
    13  BookUpdate   31  Trade
"""

from __future__ import annotations

from actorbus.messages.catalogue import built_in_messages
from actorbus.messages.enums import (
    Action,
    AssetClass,
    BookAction,
    Liquidity,
    OrderStatus,
    OrderType,
    Severity,
    Side,
    TimeInForce,
    TradingState,
    Urgency,
)
from actorbus.messages.market import Bar, BookUpdate, MarketData, News, Quote, Status, TradePrint
from actorbus.messages.system import Control, Event
from actorbus.messages.trading import Order, Trade

__all__ = [
    "Action",
    "AssetClass",
    "Bar",
    "BookAction",
    "BookUpdate",
    "Control",
    "Event",
    "Liquidity",
    "MarketData",
    "News",
    "Order",
    "OrderStatus",
    "OrderType",
    "Quote",
    "Severity",
    "Side",
    "Status",
    "TimeInForce",
    "Trade",
    "TradePrint",
    "TradingState",
    "Urgency",
    "built_in_messages",
]
