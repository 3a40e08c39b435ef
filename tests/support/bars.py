"""A small file of daily bars in the columns of the demo's real one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["DAYS", "WEEKS", "write_bars"]

WEEKS: Final = 30
DAYS: Final = 5
"""Of a week."""


def write_bars(folder: Path) -> Path:
    """Write thirty weeks of five days of two symbols; each Wednesday's range is wider than the demo's alarm allows."""
    rows = ["Ticker,Date,Open,High,Low,Close,Volume,Adj Close"]
    for symbol in ("AAPL", "IBM"):
        for number in range(WEEKS * 7):
            if number % 7 < DAYS:
                date = f"20{number // 336:02}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
                rows.append(f"{symbol},{date},100,{'120' if number % 7 == 2 else '101'},100,100,1000,100")
    path = folder / "bars.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
