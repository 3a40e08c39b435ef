"""`count`: counts every message of its streams by type."""

from __future__ import annotations

from collections import Counter

import actorbus as ab

__all__ = ["Count"]


class Count(ab.Handler):
    """Counts messages by type, and says how many there were when it stops.

    Options:
        expect: when given, a stop with another total is an error in the log that names both.
    """

    def __init__(self, *, expect: int | None = None) -> None:
        self.expect = expect
        self.by_type: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """Messages so far, of all types."""
        return self.by_type.total()

    @ab.on(object)
    def message(self, message: object) -> None:
        """Count one message of any type."""
        self.by_type[type(message).__name__] += 1

    def on_stop(self) -> None:
        """Say how many there were."""
        parts = ", ".join(f"{name} {count:,}" for name, count in self.by_type.most_common())
        self.log.info("counted %s messages%s", f"{self.total:,}", f": {parts}" if parts else "")
        if self.expect is not None and self.total != self.expect:
            self.log.error("counted %d messages, expected %d: %+d", self.total, self.expect, self.total - self.expect)
