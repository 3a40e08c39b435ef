"""`csv_replay`: plays the bars of a CSV file into a stream, at original speed, n times, or as fast as possible.

    AAPL,2000-03-01,118.56,132.06,118.5,130.31,9616100      a file: .csv, or .csv.gz
      |       |        |     |      |     |       |
    symbol  time     open  high   low  close   volume       columns, found by their names or told by `columns`

Prices and volumes go from the file's decimal text to integers without a float between them, so nothing is rounded.
The file is read as it is played: its size does not matter.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol, TextIO

import actorbus as ab
from actorbus_handlers.options import member

__all__ = ["CsvReplay"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "symbol": ("symbol", "ticker", "instrument"),
    "time": ("time", "timestamp", "date", "datetime", "start_time"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume",),
    "count": ("count", "trades"),
}
"""Column names that are understood without `columns`, compared without case."""

OPTIONAL = ("symbol", "volume", "count")
PRICE_UNIT, QUANTITY_UNIT = Decimal("1e-9"), Decimal("1e-8")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGIT_UNITS = {10: 1_000_000_000, 13: 1_000_000, 16: 1_000, 19: 1}
"""Digits of a time that is a whole number since 1970 (any day from 2001 to 2286), and its unit in nanoseconds."""
UNREADABLE = (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error)
"""What reading a file that is broken, cut short or no text at all raises."""


class _Reader(Iterator[list[str]], Protocol):
    """What `csv.reader` returns."""

    @property
    def line_num(self) -> int: ...


class CsvReplay(ab.Source[ab.Bar]):
    """Yields one `Bar` for each row of a CSV file, in the file's order.

    Options:
        path: the file; `.gz` is unpacked while it is read. Relative to the topology's folder.
        speed: `max`; `original` (as far apart as the rows' times are); or a number: that many times original speed.
        rate: at most this many rows a second, whatever their times are; not given: no such bound.
        symbol: the symbol of every row, for files without a symbol column.
        columns: field to column name, where a file uses other names: `{time: Day, close: Last}`.
        exchange, asset_class: what every bar says; a class as `ab.AssetClass` names it, like `equity`.
        limit: stop after this many rows.
        round_numbers: round prices to 9 decimals and volumes to 8 (half to even) where a file has more; without it such
            a row is an error, because nothing is changed unless you say so.
        number_rows: write the row's number (the first is 1) into the bar's metadata as `row`, for `row_check`.

    Times are ISO 8601 (a date alone is its midnight; without a zone it is UTC) or a whole number of seconds, milli-,
    micro- or nanoseconds since 1970. A row whose time is before the one above it is played at once.
    """

    def __init__(
        self,
        *,
        path: Path,
        speed: Literal["max", "original"] | float = "max",
        rate: float | None = None,
        symbol: str | None = None,
        columns: dict[str, str] | None = None,
        exchange: str = "",
        asset_class: str = "unknown",
        limit: int | None = None,
        number_rows: bool = False,
        round_numbers: bool = False,
    ) -> None:
        if isinstance(speed, str) and speed not in ("max", "original"):
            raise ab.UsageError(f"speed is {speed!r}", hint="give max, original, or a number above 0 like 10")
        if not isinstance(speed, str) and not 0 < speed < float("inf"):
            raise ab.UsageError(f"speed is {speed}", hint="give a number above 0, or max")
        if rate is not None and not 0 < rate < float("inf"):
            raise ab.UsageError(f"rate is {rate}", hint="give rows a second, above 0, or leave it out")
        if limit is not None and limit < 1:
            raise ab.UsageError(f"limit is {limit}", hint="give 1 or more rows, or leave it out for all")
        unknown = sorted(set(columns or ()) - set(NAMES))
        if unknown:
            raise ab.UsageError(f"columns names {', '.join(unknown)}", hint=f"the fields are {', '.join(NAMES)}")
        self.path = Path(path)
        self.times_original = 0.0 if speed == "max" else 1.0 if speed == "original" else float(speed)
        self.pause_ns = 0 if rate is None else int(1e9 / rate)
        self.symbol = symbol
        self.columns = columns or {}
        self.exchange = exchange
        self.asset_class = member(ab.AssetClass, "asset_class", asset_class)
        self.limit = limit
        self.number_rows = number_rows
        self.price = _rounded_price if round_numbers else ab.price
        self.quantity = _rounded_quantity if round_numbers else ab.quantity
        self.first_ns: int | None = None  # time of the first row, and when it was played
        self.began_ns = 0

    def on_start(self) -> None:
        """Open the file and find its columns, so that a wrong one stops the start and not the run.

        Raises:
            UsageError: the file cannot be read, or lacks a column; names those it has.
        """
        with self._open() as text:
            self._layout(csv.reader(text))

    def produce(self) -> Iterator[ab.Bar]:
        """Yield the bars, paced; ends early when the source is asked to stop.

        Raises:
            DecodeError: a row is not a bar; names the file, the line, the column and the value.
        """
        with self._open() as text:
            rows = csv.reader(text)
            layout = self._layout(rows)
            number = 0
            started_ns = self.clock.monotonic_ns()
            while (self.limit is None or number < self.limit) and (row := self._next(rows)) is not None:
                if not row:
                    continue  # a blank line is no row
                number += 1
                bar = self._bar(_Row(row, layout, f"{self.path}:{rows.line_num}"), number)
                if self.times_original and not self._wait_for(bar.start_time_ns):
                    return
                if self.pause_ns and not self.clock.sleep_until_ns(started_ns + number * self.pause_ns):
                    return
                yield bar

    def _wait_for(self, time_ns: int) -> bool:
        """Wait until a row of this time is due; False when the source is asked to stop."""
        if self.first_ns is None:
            self.first_ns, self.began_ns = time_ns, self.clock.monotonic_ns()
        after_ns = int((time_ns - self.first_ns) / self.times_original)
        return self.clock.sleep_until_ns(self.began_ns + after_ns)

    def _open(self) -> TextIO:
        try:
            if self.path.suffix == ".gz":
                return io.TextIOWrapper(gzip.open(self.path, "rb"), encoding="utf-8", newline="")
            return self.path.open(encoding="utf-8", newline="")
        except OSError as error:
            why = error.strerror or str(error)
            raise ab.UsageError(
                f"{self.path} cannot be read", why=why, hint="check the option path of csv_replay"
            ) from error

    def _next(self, rows: _Reader) -> list[str] | None:
        """Return the next row, None at the end of the file."""
        try:
            return next(rows, None)
        except UNREADABLE as error:
            where, hint = f"{self.path}:{rows.line_num + 1}", "fetch the file anew"
            raise ab.DecodeError("the file breaks off", where=where, why=str(error), hint=hint) from error

    def _layout(self, rows: Iterator[list[str]]) -> dict[str, int]:
        """Return field to column number, from the first row of the file."""
        try:
            header = [name.strip() for name in next(rows, None) or ()]
        except UNREADABLE as error:
            raise ab.UsageError(
                f"{self.path} is no CSV text", why=str(error), hint="give a .csv or .csv.gz file"
            ) from error
        lower = [name.lower() for name in header]
        layout: dict[str, int] = {}
        for field, names in NAMES.items():
            told = self.columns.get(field)
            wanted = (told.lower(),) if told is not None else names
            place = next((lower.index(name) for name in wanted if name in lower), None)
            if place is not None:
                layout[field] = place
            elif told is not None or (field not in OPTIONAL) or (field == "symbol" and self.symbol is None):
                raise ab.UsageError(
                    f"{self.path} has no column for {field}",
                    why=f"looked for {', '.join(wanted)} among {', '.join(header) or 'no columns at all'}",
                    hint=f"tell its name: columns: {{{field}: NAME}}"
                    + (", or symbol: NAME" if field == "symbol" else ""),
                )
        return layout

    def _bar(self, row: _Row, number: int) -> ab.Bar:
        time_ns = row.read("time", _time_ns)
        return ab.Bar(
            symbol=self.symbol if self.symbol is not None else row.read("symbol", str),
            exchange=self.exchange,
            asset_class=self.asset_class,
            event_time_ns=time_ns,
            start_time_ns=time_ns,
            open=row.read("open", self.price),
            high=row.read("high", self.price),
            low=row.read("low", self.price),
            close=row.read("close", self.price),
            volume=row.read("volume", self.quantity) if row.has("volume") else 0,
            count=row.read("count", int) if row.has("count") else 0,
            metadata={"row": str(number)} if self.number_rows else None,
        )


class _Row:
    """One row of the file, read field by field; says where it stands when a field is wrong."""

    __slots__ = ("cells", "layout", "where")

    def __init__(self, cells: Sequence[str], layout: Mapping[str, int], where: str) -> None:
        self.cells = cells
        self.layout = layout
        self.where = where

    def has(self, field: str) -> bool:
        return field in self.layout

    def read[T](self, field: str, parse: Callable[[str], T]) -> T:
        place = self.layout[field]
        if place >= len(self.cells):
            why = f"the row has {len(self.cells)} columns and {field} is column {place + 1}"
            raise ab.DecodeError(f"{field} is missing", where=self.where, why=why, hint="mend the row, or leave it out")
        text = self.cells[place].strip()
        try:
            return parse(text)
        except (ValueError, ArithmeticError, ab.ActorBusError) as error:
            hint = "mend the row (too many decimals: round_numbers: true)"
            raise ab.DecodeError(f"{field} is {text!r}", where=self.where, why=str(error), hint=hint) from error


def _rounded_price(text: str) -> int:
    return ab.price(Decimal(text).quantize(PRICE_UNIT))


def _rounded_quantity(text: str) -> int:
    return ab.quantity(Decimal(text).quantize(QUANTITY_UNIT))


def _time_ns(text: str) -> int:
    """Return nanoseconds since 1970 of a time as a file writes it."""
    unit = DIGIT_UNITS.get(len(text)) if text.isascii() and text.isdigit() else None
    if unit is not None:
        return int(text) * unit
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1) * 1_000
