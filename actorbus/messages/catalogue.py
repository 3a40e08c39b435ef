"""The names a topology may write without a module."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from actorbus.message import Message
from actorbus.messages.market import Bar, BookUpdate, News, Quote, Status, TradePrint
from actorbus.messages.system import Control, Event
from actorbus.messages.trading import Order, Trade

__all__ = ["built_in_messages"]

_CLASSES: Final[tuple[type[Message], ...]] = (
    Quote,
    TradePrint,
    Bar,
    BookUpdate,
    News,
    Status,
    Order,
    Trade,
    Event,
    Control,
)
_BY_NAME: Final[Mapping[str, type[Message]]] = MappingProxyType({cls.__name__: cls for cls in _CLASSES})


def built_in_messages() -> Mapping[str, type[Message]]:
    """Return every built-in message class by its name, in order of type id; read-only."""
    return _BY_NAME
