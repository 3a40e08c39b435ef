"""What `journal export` writes to: JSON lines, CSV, Parquet. One thread.

CSV and Parquet have the same columns; what is a tree becomes JSON text in `message`.
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import json
import math
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast

import click

__all__ = ["COLUMNS", "Sink", "flat", "opened"]

COLUMNS: Final[tuple[str, ...]] = (
    "sequence", "time_ns", "stream", "session", "position", "type", "message", "base64",
)  # fmt: skip
ROWS: Final = 8192
"""Of Parquet, written together."""


class Sink(Protocol):
    """Takes one record's object after the other."""

    def put(self, line: dict[str, object]) -> None:
        """Write one record."""
        ...


@contextlib.contextmanager
def opened(form: str, output: str | None) -> Generator[Sink]:
    """Open what records are written to: standard output, or a file. Raises LibraryMissing's ModuleNotFoundError."""
    if form == "parquet":
        if output is None:
            raise click.UsageError("Parquet is not text: give --output FILE")
        parquet = Parquet(output)
        try:
            yield parquet
        finally:
            parquet.close()
        return
    with contextlib.ExitStack() as stack:
        newline = "" if form == "csv" else None
        file: IO[str] = (
            sys.stdout
            if output is None
            else stack.enter_context(Path(output).open("w", encoding="utf-8", newline=newline))
        )
        yield Csv(file) if form == "csv" else Jsonl(file)


def text_of(value: object) -> str:
    """Return JSON. What it has no word for, NaN and infinity, is null, as in streams of the format json."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in cast("list[object]", value)]
    return value


class Jsonl:
    """JSON lines."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def put(self, line: dict[str, object]) -> None:
        """Write one line."""
        self._file.write(text_of(line) + "\n")


def flat(line: dict[str, object]) -> dict[str, object]:
    """Return a record's object as columns: what is a tree becomes JSON text."""
    message = line.get("message", line.get("messages"))
    encoded = line.get("base64")
    return {
        **{name: line[name] for name in COLUMNS[:5]},
        "type": None if line["type"] is None else str(line["type"]),
        "message": None if message is None else text_of(message),
        "base64": encoded if encoded is None or isinstance(encoded, str) else json.dumps(encoded),
    }


class Csv:
    """CSV with a head, as spreadsheets and data frames read it; `message` is JSON text."""

    def __init__(self, file: IO[str]) -> None:
        self._writer: csv.DictWriter[str] = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        self._writer.writeheader()

    def put(self, line: dict[str, object]) -> None:
        """Write one row."""
        self._writer.writerow(flat(line))


class Parquet:
    """A Parquet file of the same columns. Needs pyarrow: the extra `parquet`."""

    def __init__(self, path: str) -> None:
        self._arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
        whole, text = self._arrow.int64(), self._arrow.string()
        kinds = (whole, whole, text, self._arrow.int32(), whole, text, text, text)
        self._schema = self._arrow.schema(list(zip(COLUMNS, kinds, strict=True)))
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._rows: list[dict[str, object]] = []

    def put(self, line: dict[str, object]) -> None:
        """Keep one row, and write a group when there are enough."""
        self._rows.append(flat(line))
        if len(self._rows) >= ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []

    def close(self) -> None:
        """Write what is left, and the file's footer."""
        self._flush()
        self._writer.close()
