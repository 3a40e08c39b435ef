"""`bars` makes longer bars: right prices, right buckets, published when they are final."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actorbus as ab
from actorbus_handlers import Bars
from actorbus_handlers.bars import period_ns
from tests.unit.handlers.fakes import bar, handler, running

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000_000
OUT = {"bars": "Bar"}


def at(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1_000


def test_a_week_is_published_by_the_first_bar_of_the_next() -> None:
    friday, monday = ("10", "15", "8", "9"), ("20", "21", "19", "20")
    with running(Bars, OUT, period="1w") as bus:
        bus.publish("bars", bar(at("2013-02-26"), prices=("10", "12", "9", "11"), volume="1", count=2))  # a Tuesday
        bus.publish("bars", bar(at("2013-03-01"), prices=friday, volume="2.5", count=3))
        bus.expect_none("out-bars", ab.Bar)
        bus.publish("bars", bar(at("2013-03-04"), prices=monday))
        week = bus.expect("out-bars", ab.Bar, within=5.0)
    assert week == ab.Bar(
        symbol="AAPL",
        exchange="XNAS",
        asset_class=ab.AssetClass.EQUITY,
        event_time_ns=at("2013-02-25"),  # the Monday
        start_time_ns=at("2013-02-25"),
        open=ab.price("10"),
        high=ab.price("15"),
        low=ab.price("8"),
        close=ab.price("9"),
        volume=ab.quantity("3.5"),
        count=5,
    )


def test_every_n_bars_are_published_by_the_last_of_them() -> None:
    with running(Bars, OUT, every=2) as bus:
        bus.publish("bars", *(bar(start) for start in (3, 5, 8, 9, 12)))
        assert [made.start_time_ns for made in bus.seen("out-bars") if isinstance(made, ab.Bar)] == [3, 8]


def test_symbols_have_their_own_buckets() -> None:
    with running(Bars, OUT, period="5m") as bus:
        for minute in (0, 3, 6):
            bus.publish("bars", *(bar(minute * MINUTE, symbol=symbol) for symbol in ("AAPL", "IBM")))
        made = [(made.symbol, made.count) for made in bus.seen("out-bars") if isinstance(made, ab.Bar)]
    assert made == [("AAPL", 2), ("IBM", 2)]


def test_times_before_1970_fall_into_whole_periods_too() -> None:
    bars, ports = handler(Bars, "bars", period="1d")
    bars.bar(bar(at("1969-12-30T15:00")))
    bars.bar(bar(at("1969-12-31T01:00")))
    assert [message.start_time_ns for message in ports["bars"].messages] == [at("1969-12-30")]


def test_an_older_bar_is_an_error_and_changes_nothing() -> None:
    with running(Bars, OUT, period="5m") as bus:
        bus.publish("bars", bar(10 * MINUTE), bar(9 * MINUTE, prices=("1", "99", "1", "1")), bar(15 * MINUTE))
        assert "older than its open bucket" in str(bus.expect_error("it", ValueError, within=5.0))
        assert bus.expect("out-bars", ab.Bar, within=5.0).high == ab.price("12")
        (kept,) = bus.node.quarantine("bars")
        assert kept.sequence == 1


def test_more_symbols_than_the_bound_are_an_error() -> None:
    bars, _ = handler(Bars, "bars", period="1d", max_symbols=1)
    bars.bar(bar(symbol="AAPL"))
    with pytest.raises(ValueError, match=r"symbol 'IBM' is one more than max_symbols \(1\)"):
        bars.bar(bar(symbol="IBM"))


def test_what_is_open_at_the_end_is_said_and_not_published(caplog: pytest.LogCaptureFixture) -> None:
    bars, ports = handler(Bars, "bars", period="1d")
    bars.bar(bar(0))
    with caplog.at_level(logging.INFO):
        bars.on_stop()
    assert ports["bars"].messages == []
    assert caplog.messages == ["published 0 bars; 1 were still open and are not published"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("1d", 86_400), ("2w", 1_209_600)]
)
def test_a_period_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert period_ns(text) == seconds * 1_000_000_000


@pytest.mark.parametrize("text", ["", "m", "5", "0m", "-1h", "1.5h", "1y", "5 m", "²m"])
def test_anything_else_is_refused_with_its_value(text: str) -> None:
    with pytest.raises(ab.UsageError, match="period is"):
        period_ns(text)


@pytest.mark.parametrize(
    "options", [{}, {"period": "1d", "every": 3}, {"every": 0}, {"period": "1d", "max_symbols": 0}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ab.UsageError):
        handler(Bars, **options)


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 40), st.integers(1, 50)), max_size=60),
    st.sampled_from([("period", "5m"), ("every", 3)]),
)
def test_no_volume_is_lost_between_published_and_open(
    rows: list[tuple[str, int, int]], how: tuple[str, object]
) -> None:
    bars, ports = handler(Bars, "bars", **{how[0]: how[1]})
    rows.sort(key=lambda row: row[1])
    for symbol, minute, volume in rows:
        bars.bar(bar(minute * MINUTE, symbol=symbol, volume=str(volume)))
    published = sum(message.volume for message in ports["bars"].messages)
    waiting = sum(held.volume for held in bars.open.values())
    assert published + waiting == ab.quantity(str(sum(volume for _, _, volume in rows)))
    for message in ports["bars"].messages:
        assert message.low <= min(message.open, message.close) <= max(message.open, message.close) <= message.high
