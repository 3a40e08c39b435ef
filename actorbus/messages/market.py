"""Market data: quotes, trade prints, bars, book updates, news, trading states. Rules: actorbus/messages/__init__.py.

Fields that several messages share:

* ``symbol``: the instrument, in the words of the application; ``exchange``: the venue, empty when it does not matter.
* ``asset_class``: what kind of instrument it is.
* ``event_time_ns``: when it happened at its origin, nanoseconds since the epoch; 0 when the origin does not say.
* ``metadata``: whatever else, text to text; None when there is nothing.
* A ``Price`` is an int64 in units of 1e-9, a ``Quantity`` (sizes, volumes) an int64 in units of 1e-8.
"""

from __future__ import annotations

from decimal import Decimal

from actorbus.message import Message, Price, Quantity, to_decimal
from actorbus.message.decimals import PRICE_DIGITS, QUANTITY_DIGITS
from actorbus.messages.enums import AssetClass, BookAction, Side, TradingState, Urgency

__all__ = ["Bar", "BookUpdate", "MarketData", "News", "Quote", "Status", "TradePrint"]


class Quote(Message, type_id=10, version=1):
    """Best bid and ask of an instrument, with ``bid_size`` and ``ask_size``. A side that is empty has size 0."""

    symbol: str
    bid: Price
    ask: Price
    bid_size: Quantity = 0
    ask_size: Quantity = 0
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None

    @property
    def bid_decimal(self) -> Decimal:
        """The bid as a Decimal with 9 decimals."""
        return to_decimal(self.bid, PRICE_DIGITS)

    @property
    def ask_decimal(self) -> Decimal:
        """The ask as a Decimal with 9 decimals."""
        return to_decimal(self.ask, PRICE_DIGITS)

    @property
    def bid_size_decimal(self) -> Decimal:
        """The size at the bid as a Decimal with 8 decimals."""
        return to_decimal(self.bid_size, QUANTITY_DIGITS)

    @property
    def ask_size_decimal(self) -> Decimal:
        """The size at the ask as a Decimal with 8 decimals."""
        return to_decimal(self.ask_size, QUANTITY_DIGITS)


class TradePrint(Message, type_id=11, version=1):
    """A trade somebody made, as the venue printed it: ``price``, ``size``, and its ``trade_id``.

    ``side`` is the aggressor's.
    """

    symbol: str
    price: Price
    size: Quantity
    side: Side = Side.UNKNOWN
    trade_id: str = ""
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None

    @property
    def price_decimal(self) -> Decimal:
        """The price as a Decimal with 9 decimals."""
        return to_decimal(self.price, PRICE_DIGITS)

    @property
    def size_decimal(self) -> Decimal:
        """The size as a Decimal with 8 decimals."""
        return to_decimal(self.size, QUANTITY_DIGITS)


class Bar(Message, type_id=12, version=1):
    """Open, high, low, close of a span that begins at ``start_time_ns`` (nanoseconds since the epoch).

    ``volume`` is what was traded in it, ``count`` the number of trades.
    """

    symbol: str
    start_time_ns: int
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity = 0
    count: int = 0
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None

    @property
    def open_decimal(self) -> Decimal:
        """The first price as a Decimal with 9 decimals."""
        return to_decimal(self.open, PRICE_DIGITS)

    @property
    def high_decimal(self) -> Decimal:
        """The highest price as a Decimal with 9 decimals."""
        return to_decimal(self.high, PRICE_DIGITS)

    @property
    def low_decimal(self) -> Decimal:
        """The lowest price as a Decimal with 9 decimals."""
        return to_decimal(self.low, PRICE_DIGITS)

    @property
    def close_decimal(self) -> Decimal:
        """The last price as a Decimal with 9 decimals."""
        return to_decimal(self.close, PRICE_DIGITS)

    @property
    def volume_decimal(self) -> Decimal:
        """The traded quantity as a Decimal with 8 decimals."""
        return to_decimal(self.volume, QUANTITY_DIGITS)


class BookUpdate(Message, type_id=13, version=1):
    """One change of an order book: by order (``order_id``) or by level (``level`` from 0, the best).

    ``price`` and ``size`` are the new ones of that order or level.

    ``flags`` are the venue's own bits. With action CLEAR only ``symbol`` and ``side`` mean something.
    """

    symbol: str
    action: BookAction
    side: Side
    price: Price = 0
    size: Quantity = 0
    order_id: str = ""
    level: int = 0
    flags: int = 0
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None

    @property
    def price_decimal(self) -> Decimal:
        """The price as a Decimal with 9 decimals."""
        return to_decimal(self.price, PRICE_DIGITS)

    @property
    def size_decimal(self) -> Decimal:
        """The size as a Decimal with 8 decimals."""
        return to_decimal(self.size, QUANTITY_DIGITS)


class News(Message, type_id=14, version=1):
    """A headline, about ``symbol`` or (empty) about the market; ``body`` is the text under it.

    ``source`` is who wrote it, ``urgency`` how fast it should be read.
    """

    symbol: str
    headline: str
    body: str = ""
    source: str = ""
    urgency: Urgency = Urgency.NORMAL
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None


class Status(Message, type_id=15, version=1):
    """The trading state of an instrument, or of a whole exchange when ``symbol`` is empty, with its ``reason``."""

    symbol: str
    state: TradingState
    reason: str = ""
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None


type MarketData = Quote | TradePrint | Bar | BookUpdate | News | Status
"""Any market data message."""
