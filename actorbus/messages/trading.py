"""Orders we send and trades we get. Rules: actorbus/messages/__init__.py.

Fields that several messages share:

* ``symbol``: the instrument, in the words of the application; ``exchange``: the venue, empty when it does not matter.
* ``asset_class``: what kind of instrument it is.
* ``event_time_ns``: when it happened at its origin, nanoseconds since the epoch; 0 when the origin does not say.
* ``metadata``: whatever else, text to text; None when there is nothing.
* A ``Price`` is an int64 in units of 1e-9, a ``Quantity`` (sizes, volumes) an int64 in units of 1e-8.
* ``side`` is ours: BUY or SELL.
"""

from __future__ import annotations

from decimal import Decimal

from actorbus.message import Message, Price, Quantity, to_decimal
from actorbus.message.decimals import PRICE_DIGITS, QUANTITY_DIGITS
from actorbus.messages.enums import Action, AssetClass, Liquidity, OrderStatus, OrderType, Side, TimeInForce

__all__ = ["Order", "Trade"]


class Order(Message, type_id=30, version=1):
    """An instruction to trade; its ``action`` is NEW, REPLACE or CANCEL.

    ``client_order_id`` is ours and names the order; ``order_id`` is the venue's, empty in a NEW. ``price`` is 0 for
    market orders, ``stop_price`` for orders without a trigger; ``quantity`` is what is to be traded in all.
    ``order_type``, ``time_in_force`` and ``account`` mean what they do at the venue.
    """

    symbol: str
    action: Action
    order_id: str = ""
    client_order_id: str = ""
    side: Side = Side.UNKNOWN
    order_type: OrderType = OrderType.UNKNOWN
    time_in_force: TimeInForce = TimeInForce.UNKNOWN
    price: Price = 0
    stop_price: Price = 0
    quantity: Quantity = 0
    account: str = ""
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None

    @property
    def price_decimal(self) -> Decimal:
        """The price as a Decimal with 9 decimals."""
        return to_decimal(self.price, PRICE_DIGITS)

    @property
    def stop_price_decimal(self) -> Decimal:
        """The trigger as a Decimal with 9 decimals."""
        return to_decimal(self.stop_price, PRICE_DIGITS)

    @property
    def quantity_decimal(self) -> Decimal:
        """The quantity as a Decimal with 8 decimals."""
        return to_decimal(self.quantity, QUANTITY_DIGITS)


class Trade(Message, type_id=31, version=1):
    """An execution, ``trade_id``, of our order ``order_id``: ``quantity`` at ``price``.

    ``leaves_quantity`` is still open, ``status`` the order's after it; ``liquidity`` says who waited. A
    negative ``fee`` is a rebate.
    """

    symbol: str
    trade_id: str
    order_id: str
    side: Side
    price: Price
    quantity: Quantity
    leaves_quantity: Quantity = 0
    status: OrderStatus = OrderStatus.UNKNOWN
    liquidity: Liquidity = Liquidity.UNKNOWN
    fee: Price = 0
    exchange: str = ""
    asset_class: AssetClass = AssetClass.UNKNOWN
    event_time_ns: int = 0
    metadata: dict[str, str] | None = None

    @property
    def price_decimal(self) -> Decimal:
        """The price as a Decimal with 9 decimals."""
        return to_decimal(self.price, PRICE_DIGITS)

    @property
    def quantity_decimal(self) -> Decimal:
        """The executed quantity as a Decimal with 8 decimals."""
        return to_decimal(self.quantity, QUANTITY_DIGITS)

    @property
    def leaves_quantity_decimal(self) -> Decimal:
        """The quantity still open as a Decimal with 8 decimals."""
        return to_decimal(self.leaves_quantity, QUANTITY_DIGITS)

    @property
    def fee_decimal(self) -> Decimal:
        """The fee as a Decimal with 9 decimals."""
        return to_decimal(self.fee, PRICE_DIGITS)
