"""A web application around a node: POST a quote to publish it, GET the last one.

python -m pip install "fastapi[standard]"
fastapi run app.py
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import actorbus as ab


class Last(ab.Handler):
    """Keeps the last quote of each symbol. It runs on the poller's thread; the web reads whole entries of a dict."""

    quotes: ClassVar[dict[str, ab.Quote]] = {}

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None:
        """Take one quote."""
        self.quotes[message.symbol] = message


def make_app() -> Any:
    """Return the application. FastAPI is imported here: the node alone runs without it."""
    from fastapi import FastAPI, HTTPException

    node = ab.Node.from_yaml(Path(__file__).with_name("topology.yaml"))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await asyncio.to_thread(node.open)  # starting waits: not on the event loop
        try:
            yield
        finally:
            await asyncio.to_thread(node.close)

    app = FastAPI(lifespan=lifespan)

    @app.post("/quotes/{symbol}")
    async def publish(symbol: str, bid: str, ask: str) -> dict[str, int]:
        quote = ab.Quote(symbol, bid=ab.price(bid), ask=ab.price(ask))
        publisher = node.publisher("quotes", ab.Quote)
        return {"sequence": await asyncio.to_thread(publisher.publish, quote)}

    @app.get("/quotes/{symbol}")
    async def last(symbol: str) -> dict[str, str]:
        if symbol not in Last.quotes:
            raise HTTPException(404, f"no quote of {symbol} yet")
        quote = Last.quotes[symbol]
        return {"symbol": symbol, "bid": str(quote.bid_decimal), "ask": str(quote.ask_decimal)}

    @app.get("/health")
    async def health() -> dict[str, Any]:
        found = node.health()
        return {"ready": found.ready, "problems": list(found.problems)}

    return app


def __getattr__(name: str) -> Any:
    """Make `app` when the web server asks for it, and not when the topology imports `Last`."""
    if name == "app":
        application = make_app()
        globals()["app"] = application
        return application
    raise AttributeError(name)
