"""The handlers of the topology. They know nothing of the web: `actorbus check` and the tests need no web framework."""

from __future__ import annotations

from typing import ClassVar

import actorbus as ab


class Last(ab.Handler):
    """Keeps the last quote of each symbol. It runs on the poller's thread; the web reads whole entries of a dict."""

    quotes: ClassVar[dict[str, ab.Quote]] = {}

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None:
        """Take one quote."""
        self.quotes[message.symbol] = message
