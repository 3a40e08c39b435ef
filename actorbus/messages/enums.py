"""The enumerations of the built-in messages.

Rules of this file:

* Ints on the wire: small, and a decoder looks them up without touching text.
* 0 is UNKNOWN everywhere: what a field says when nobody said anything.
* Numbers are never changed or reused; new members are appended. An *unknown* number is a decode error on the side that
  does not know it, and is quarantined there: add a member on the subscribers first.
"""

from __future__ import annotations

import enum

__all__ = [
    "Action",
    "AssetClass",
    "BookAction",
    "Liquidity",
    "OrderStatus",
    "OrderType",
    "Severity",
    "Side",
    "TimeInForce",
    "TradingState",
    "Urgency",
]


@enum.unique
class Side(enum.IntEnum):
    """Which side of a trade or book."""

    UNKNOWN = 0
    BUY = 1
    SELL = 2
    SELL_SHORT = 3


@enum.unique
class AssetClass(enum.IntEnum):
    """What kind of thing is traded."""

    UNKNOWN = 0
    EQUITY = 1
    FUTURE = 2
    OPTION = 3
    FX = 4
    CRYPTO = 5
    BOND = 6
    INDEX = 7
    COMMODITY = 8
    FUND = 9
    SWAP = 10


@enum.unique
class Action(enum.IntEnum):
    """What an Order asks for."""

    UNKNOWN = 0
    NEW = 1
    REPLACE = 2
    CANCEL = 3


@enum.unique
class BookAction(enum.IntEnum):
    """What happened to an order or level of a book."""

    UNKNOWN = 0
    ADD = 1
    MODIFY = 2
    DELETE = 3
    CLEAR = 4


@enum.unique
class OrderType(enum.IntEnum):
    """How an order is priced."""

    UNKNOWN = 0
    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    PEGGED = 5


@enum.unique
class TimeInForce(enum.IntEnum):
    """How long an order lives."""

    UNKNOWN = 0
    DAY = 1
    GTC = 2
    IOC = 3
    FOK = 4
    GTD = 5
    AT_OPEN = 6
    AT_CLOSE = 7


@enum.unique
class OrderStatus(enum.IntEnum):
    """The state of an order after a trade or report."""

    UNKNOWN = 0
    PENDING = 1
    OPEN = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELED = 5
    REPLACED = 6
    REJECTED = 7
    EXPIRED = 8


@enum.unique
class Liquidity(enum.IntEnum):
    """Whether a trade added liquidity (maker) or took it (taker)."""

    UNKNOWN = 0
    MAKER = 1
    TAKER = 2
    AUCTION = 3


@enum.unique
class TradingState(enum.IntEnum):
    """The state of an instrument or exchange."""

    UNKNOWN = 0
    PRE_OPEN = 1
    OPEN = 2
    AUCTION = 3
    HALTED = 4
    PAUSED = 5
    CLOSED = 6


@enum.unique
class Urgency(enum.IntEnum):
    """How urgent a piece of news is."""

    UNKNOWN = 0
    LOW = 1
    NORMAL = 2
    HIGH = 3
    FLASH = 4


@enum.unique
class Severity(enum.IntEnum):
    """How serious an Event is; higher is worse."""

    UNKNOWN = 0
    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4
    CRITICAL = 5
