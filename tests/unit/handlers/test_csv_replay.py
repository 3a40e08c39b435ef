"""`csv_replay` yields the rows of a file as bars, exactly, in order and in time; and says where a file is wrong."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import actorbus as ab
from actorbus_handlers import CsvReplay
from tests.unit.handlers.fakes import StepClock, source

SECOND = 1_000_000_000
STOCKS = """Ticker,Date,Open,High,Low,Close,Volume,Adj Close
AAPL,2000-03-01,118.56,132.06,118.5,130.31,9616100,4.18
AAPL,2000-03-02,127.0,127.94,120.69,122.0,2779100,3.91
IBM,2000-03-01,102.0,105.5,100.06,100.25,10807800,82.4
"""
TICKS = "time,open,high,low,close\n" + "".join(f"2024-01-01 00:00:0{second},1,2,1,2\n" for second in (0, 1, 3, 2))


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "bars.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_a_row_is_a_bar_to_the_last_digit(file: Callable[[str], str]) -> None:
    first, second, third = source(CsvReplay, path=file(STOCKS), exchange="XNAS", asset_class="equity").produce()
    assert first == ab.Bar(
        symbol="AAPL",
        exchange="XNAS",
        asset_class=ab.AssetClass.EQUITY,
        event_time_ns=951_868_800 * SECOND,
        start_time_ns=951_868_800 * SECOND,
        open=118_560_000_000,
        high=132_060_000_000,
        low=118_500_000_000,
        close=130_310_000_000,
        volume=9_616_100 * 100_000_000,
        count=0,
    )
    assert second.start_time_ns - first.start_time_ns == 86_400 * SECOND
    assert third.symbol == "IBM"


def test_a_packed_file_is_unpacked_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress(STOCKS.encode()))
    assert [bar.symbol for bar in source(CsvReplay, path=str(path)).produce()] == ["AAPL", "AAPL", "IBM"]


def test_rows_are_numbered_from_one_when_asked(file: Callable[[str], str]) -> None:
    bars = source(CsvReplay, path=file(STOCKS), number_rows=True).produce()
    assert [bar.metadata for bar in bars] == [{"row": "1"}, {"row": "2"}, {"row": "3"}]


def test_blank_lines_are_no_rows(file: Callable[[str], str]) -> None:
    path = file(STOCKS.replace("IBM", "\n\nIBM") + "\n\n")
    assert [bar.metadata for bar in source(CsvReplay, path=path, number_rows=True).produce()][2:] == [{"row": "3"}]


def test_it_stops_after_the_limit(file: Callable[[str], str]) -> None:
    assert len(list(source(CsvReplay, path=file(STOCKS), limit=2).produce())) == 2


def test_other_column_names_and_a_fixed_symbol_can_be_told(file: Callable[[str], str]) -> None:
    path = file("Day;x,open,high,low,Last,trades\n1700000000,1,3,1,2,17\n")
    (bar,) = source(CsvReplay, path=path, symbol="BTC", columns={"time": "day;x", "close": "Last"}).produce()
    assert (bar.symbol, bar.close, bar.count, bar.volume) == ("BTC", ab.price("2"), 17, 0)


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("2000-03-01", 951_868_800 * SECOND),
        ("2021-12-31 23:01:00.000000", 1_640_991_660 * SECOND),
        ("2013-02-01 00:00:00.000001+01:00", 1_359_673_200 * SECOND + 1_000),
        ("1700000000", 1_700_000_000 * SECOND),
        ("1700000000123", 1_700_000_000 * SECOND + 123_000_000),
        ("1700000000123456", 1_700_000_000 * SECOND + 123_456_000),
        ("1700000000123456789", 1_700_000_000 * SECOND + 123_456_789),
        ("1969-12-31T23:59:59", -SECOND),
    ],
)
def test_times_are_read_as_files_write_them(file: Callable[[str], str], text: str, time_ns: int) -> None:
    path = file(f"time,open,high,low,close\n{text},1,2,1,2\n")
    (bar,) = source(CsvReplay, path=path, symbol="X").produce()
    assert bar.start_time_ns == bar.event_time_ns == time_ns


# -- pace -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("speed", "after"), [("original", [0, 1, 3, 2]), (2, [0, 0.5, 1.5, 1]), (0.5, [0, 2, 6, 4])])
def test_rows_are_as_far_apart_as_their_times_divided_by_speed(
    file: Callable[[str], str], speed: object, after: list[float]
) -> None:
    played = {"stream": "bars", "class": "csv_replay", "options": {"path": file(TICKS), "symbol": "X", "speed": speed}}
    streams = {"bars": {"stream_id": 1, "messages": ["Bar"]}}
    with ab.testing.bus({"version": 1, "name": "shelf", "streams": streams, "sources": {"played": played}}) as bus:
        seen: list[int] = []
        for _ in range(13):
            seen.append(len(bus.seen("bars")))
            bus.clock.advance("500ms")
        assert bus.node.quarantine("bars") == []
    came = [sum(count <= number for count in seen) / 2 for number in range(4)]
    assert came == [max(after[: number + 1]) for number in range(4)]  # an older row is played at once


def test_at_a_rate_rows_come_so_many_a_second_whatever_their_times_are(file: Callable[[str], str]) -> None:
    clock = StepClock()
    played = source(CsvReplay, clock, path=file(TICKS), symbol="X", rate=4).produce()
    began = clock.monotonic_ns()
    assert [clock.monotonic_ns() - began for _ in played] == [250_000_000, 500_000_000, 750_000_000, 1_000_000_000]


def test_at_full_speed_the_clock_is_not_asked(file: Callable[[str], str]) -> None:
    clock = StepClock()
    assert len(list(source(CsvReplay, clock, path=file(TICKS), symbol="X").produce())) == 4
    assert clock.deadlines == []


def test_a_stop_while_it_waits_ends_it(file: Callable[[str], str]) -> None:
    clock = StepClock(stop_after=2)
    assert len(list(source(CsvReplay, clock, path=file(TICKS), symbol="X", speed="original").produce())) == 2


# -- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("AAPL,2000-03-02,ten,3,1,2,5", "open is 'ten'"),
        ("AAPL,2000-03-02,1,,1,2,5", "high is ''"),
        ("AAPL,2000-03-02,1,3,nan,2,5", "low is 'nan'"),
        ("AAPL,2000-03-02,1,3,1,1e99,5", "close is '1e99'"),
        ("AAPL,2000-02-30,1,3,1,2,5", "time is '2000-02-30'"),
        ("AAPL,2000-03-02,1,3,1,2,many", "volume is 'many'"),
        ("AAPL,2000-03-02,1,3", "low is missing"),
        ("AAPL", "time is missing"),
    ],
)
def test_a_row_that_is_no_bar_is_named_by_file_line_and_value(file: Callable[[str], str], row: str, says: str) -> None:
    path = file(f"{STOCKS}{row}\n")
    with pytest.raises(ab.DecodeError) as caught:
        list(source(CsvReplay, path=path).produce())
    assert says in str(caught.value)
    assert f"{path}:5" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", {}, "has no column for symbol: looked for symbol, ticker, instrument among no columns at all"),
        ("symbol,when,open,high,low,close\n", {}, r"no column for time.*columns: \{time: NAME\}"),
        ("time,open,high,low,close\n", {}, "or symbol: NAME"),
        ("symbol,time,open,high,low,close\n", {"columns": {"volume": "Vol"}}, "no column for volume: looked for vol"),
    ],
)
def test_a_file_without_a_column_stops_the_start_and_names_those_it_has(
    file: Callable[[str], str], text: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ab.UsageError, match=says):
        source(CsvReplay, path=file(text), **options)


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ab.UsageError, match=r"nothing\.csv cannot be read: No such file"):
        source(CsvReplay, path=str(tmp_path / "nothing.csv"))


def test_a_file_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(b"\xff\xfe not packed")
    with pytest.raises(ab.UsageError, match="is no CSV text"):
        source(CsvReplay, path=str(path))


def test_a_file_that_breaks_off_is_an_error_after_its_last_whole_row(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    whole = "symbol,time,open,high,low,close\n" + "".join(f"S{n},2000-03-01,{n},{n},{n},{n}\n" for n in range(1, 9_000))
    packed = gzip.compress(whole.encode())
    path.write_bytes(packed[: len(packed) // 2])
    bars = source(CsvReplay, path=str(path)).produce()
    assert next(bars).symbol == "S1"
    with pytest.raises(ab.DecodeError, match=r"breaks off, .*bars\.csv\.gz:\d+: Compressed file ended"):
        list(bars)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"speed": "fast"}, "speed is 'fast'"),
        ({"speed": 0}, "speed is 0"),
        ({"speed": float("nan")}, "speed is nan"),
        ({"rate": 0}, "rate is 0"),
        ({"limit": 0}, "limit is 0"),
        ({"columns": {"price": "x"}}, "columns names price"),
    ],
)
def test_a_wrong_option_is_refused_with_its_value(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ab.UsageError, match=says):
        source(CsvReplay, path="bars.csv", **options)


def test_more_decimals_than_a_unit_holds_are_an_error_that_says_how_to_round(file: Callable[[str], str]) -> None:
    path = file("time,open,high,low,close,volume\n2024-01-01,1,2,1.0000000005,2,218102.59507500002\n")
    with pytest.raises(ab.DecodeError, match=r"low is '1\.0000000005'.*not exact.*round_numbers: true"):
        list(source(CsvReplay, path=path, symbol="X").produce())
    (bar,) = source(CsvReplay, path=path, symbol="X", round_numbers=True).produce()
    assert (bar.low, bar.volume) == (1_000_000_000, 21_810_259_507_500)


# -- real files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows", "start_ns", "prices"),
    [
        ("usdjpy-m1-ask-2013.csv", 28_761, 1_359_676_800 * SECOND, ("91.717", "91.717", "91.655", "91.655")),
        ("btc-perp-20211231-20220201_1m.csv", 45_031, 1_640_991_660 * SECOND, ("46319", "46385", "46319", "46377")),
    ],
)
def test_real_minute_bars_are_read_whole(
    shared_data: Callable[[str], Path], name: str, rows: int, start_ns: int, prices: tuple[str, ...]
) -> None:
    bars = source(CsvReplay, path=str(shared_data(name)), symbol="X", round_numbers=True).produce()
    first = next(bars)
    assert first.start_time_ns == start_ns
    assert (first.open, first.high, first.low, first.close) == tuple(ab.price(text) for text in prices)
    rest = list(bars)
    assert 1 + len(rest) == rows
    assert rest[-1].start_time_ns > start_ns


def test_real_ticks_are_refused_because_they_are_no_bars(shared_data: Callable[[str], Path]) -> None:
    with pytest.raises(ab.UsageError, match="no column for open: looked for open among timestamp, bid, ask"):
        source(CsvReplay, path=str(shared_data("usdjpy-ticks.csv")), symbol="USDJPY")


def test_a_file_is_read_as_it_is_played(file: Callable[[str], str], caplog: pytest.LogCaptureFixture) -> None:
    """The first bar comes before a wrong last row is met."""
    caplog.set_level(logging.DEBUG)
    bars = source(CsvReplay, path=file(f"{STOCKS}broken\n")).produce()
    assert [bar.symbol for bar in islice(bars, 3)] == ["AAPL", "AAPL", "IBM"]
