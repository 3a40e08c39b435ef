"""Enumerations: small ints, 0 is UNKNOWN, numbers never change."""

from __future__ import annotations

import enum

import msgspec
import pytest

from actorbus.messages import enums

CLASSES = [getattr(enums, name) for name in enums.__all__]

# Published numbers: append only.
NUMBERS = {
    "Action": "UNKNOWN NEW REPLACE CANCEL",
    "AssetClass": "UNKNOWN EQUITY FUTURE OPTION FX CRYPTO BOND INDEX COMMODITY FUND SWAP",
    "BookAction": "UNKNOWN ADD MODIFY DELETE CLEAR",
    "Liquidity": "UNKNOWN MAKER TAKER AUCTION",
    "OrderStatus": "UNKNOWN PENDING OPEN PARTIALLY_FILLED FILLED CANCELED REPLACED REJECTED EXPIRED",
    "OrderType": "UNKNOWN MARKET LIMIT STOP STOP_LIMIT PEGGED",
    "Severity": "UNKNOWN DEBUG INFO WARNING ERROR CRITICAL",
    "Side": "UNKNOWN BUY SELL SELL_SHORT",
    "TimeInForce": "UNKNOWN DAY GTC IOC FOK GTD AT_OPEN AT_CLOSE",
    "TradingState": "UNKNOWN PRE_OPEN OPEN AUCTION HALTED PAUSED CLOSED",
    "Urgency": "UNKNOWN LOW NORMAL HIGH FLASH",
}


def test_the_numbers_are_the_published_ones() -> None:
    assert {cls.__name__: {member.name: member.value for member in cls} for cls in CLASSES} == {
        name: {member: number for number, member in enumerate(members.split())} for name, members in NUMBERS.items()
    }


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_each_is_one_byte_on_the_wire(cls: type[enum.IntEnum]) -> None:
    for member in cls:
        body = msgspec.msgpack.encode(member)
        assert len(body) == 1
        assert msgspec.msgpack.decode(body, type=cls) is member


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_number_nobody_knows_is_refused(cls: type[enum.IntEnum]) -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid enum value 99"):
        _ = msgspec.msgpack.decode(msgspec.msgpack.encode(99), type=cls)
