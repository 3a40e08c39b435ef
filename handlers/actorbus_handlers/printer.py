"""`print`: prints messages, one line each."""

from __future__ import annotations

import sys
from typing import Literal

import actorbus as ab

__all__ = ["Print"]


class Print(ab.Handler):
    """Prints every message of its streams as one line, for a look at what flows.

    Options:
        to: `stderr` (default: stdout belongs to the summary) or `stdout`.
        limit: stop printing after this many; the rest is counted and reported when it stops. `null` prints all.
        meta: put stream and sequence in front.
        width: a longer line is cut after so many characters.

    Bytes of a raw stream are printed as Python writes them.
    """

    def __init__(
        self,
        *,
        to: Literal["stderr", "stdout"] = "stderr",
        limit: int | None = 100,
        meta: bool = False,
        width: int = 400,
    ) -> None:
        if to not in ("stderr", "stdout"):
            raise ab.UsageError(f"to is {to!r}", hint="print to stderr or stdout")
        if limit is not None and limit < 0:
            raise ab.UsageError(f"limit is {limit}", hint="give 0 or more, or leave it out for 100")
        if width < 1:
            raise ab.UsageError(f"width is {width}", hint="give 1 or more characters")
        self.to: Literal["stderr", "stdout"] = to
        self.limit = limit
        self.with_meta = meta
        self.width = width
        self.printed = 0
        self.unprinted = 0

    @ab.on(object)
    def message(self, message: object, meta: ab.Meta) -> None:
        """Print one message, or count it when enough are printed."""
        if self.limit is not None and self.printed >= self.limit:
            self.unprinted += 1
            return
        self.printed += 1
        line = f"{meta.stream} {meta.sequence} {message!r}" if self.with_meta else repr(message)
        if len(line) > self.width:
            line = f"{line[: self.width]}…"
        # Looked up at each line, so that a redirected stream (a notebook, a test) is the one that is written to.
        print(line, file=sys.stdout if self.to == "stdout" else sys.stderr, flush=True)

    def on_stop(self) -> None:
        """Say how many were not printed: nothing is left out silently."""
        if self.unprinted:
            self.log.info("printed %d messages; %d more came after the limit", self.printed, self.unprinted)
