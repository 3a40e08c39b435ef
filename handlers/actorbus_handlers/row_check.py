"""`row_check`: finds gaps, repeats and disorder by the row number that a message carries in its own metadata.

It knows nothing of sequences and positions, so it checks the bus from outside: what a source numbered is what arrives.
"""

from __future__ import annotations

from typing import Protocol, cast

import actorbus as ab

__all__ = ["RowCheck", "RowOutOfOrder"]


class RowOutOfOrder(Exception):
    """A message's row number is not the one that had to come next."""


class _Numbered(Protocol):
    @property
    def metadata(self) -> dict[str, str] | None: ...


class RowCheck(ab.Handler):
    """Expects rows `first`, `first + 1`, … and raises `RowOutOfOrder` for the message that breaks the row.

    So each break is an error of this handler in the summary, and the message is in the quarantine (`on_error`); with
    `on_error: stop` the first break ends the run. After a gap it goes on from the row that came.

    Options:
        key: the metadata key that holds the number (`csv_replay` with `number_rows: true` writes `row`).
        first: number of the first row.
        expect: when given, a stop with another number of good rows is an error in the log that names both.
    """

    def __init__(self, *, key: str = "row", first: int = 1, expect: int | None = None) -> None:
        self.key = key
        self.first = first
        self.expect = expect
        self.next_row = first
        self.rows = 0
        self.missing = 0
        self.repeated = 0
        self.unnumbered = 0

    @ab.on(object)
    def message(self, message: object) -> None:
        """Check one message's number.

        Raises:
            RowOutOfOrder: rows are missing before it, it repeats an earlier one, or it carries no number.
        """
        metadata = cast("_Numbered", message).metadata if hasattr(message, "metadata") else None
        text = (metadata or {}).get(self.key, "")
        try:
            row = int(text)
        except ValueError:
            self.unnumbered += 1
            raise RowOutOfOrder(
                f"a {type(message).__name__} carries {self.key}={text!r}, not a number: "
                f"number them at the source (csv_replay: number_rows: true)"
            ) from None
        expected = self.next_row
        if row < expected:
            self.repeated += 1
            raise RowOutOfOrder(f"row {row} came where row {expected} was due: repeated or out of order")
        self.next_row = row + 1
        if row > expected:
            self.missing += row - expected
            raise RowOutOfOrder(f"row {row} came where row {expected} was due: {row - expected} missing")
        self.rows += 1

    def on_stop(self) -> None:
        """Say what was found."""
        whole = not (self.missing or self.repeated or self.unnumbered)
        breaks = f"{self.missing} missing, {self.repeated} repeated, {self.unnumbered} unnumbered"
        (self.log.info if whole else self.log.error)("%s rows in order, %s", f"{self.rows:,}", breaks)
        if self.expect is not None and self.rows != self.expect:
            self.log.error("%d rows in order, expected %d", self.rows, self.expect)
