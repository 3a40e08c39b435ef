"""A web application around a node: POST a quote to publish it, GET the last one.

python -m pip install "fastapi[standard]"
fastapi run app.py
curl -X POST "http://127.0.0.1:8000/quotes/EURUSD?bid=1.0850&ask=1.0852"
curl http://127.0.0.1:8000/quotes/EURUSD
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException

import actorbus as ab
from handlers import Last

TOPOLOGY = Path(__file__).with_name("topology.yaml")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Run the node as long as the application runs. Whatever waits for the driver does so on a thread."""
    async with ab.Node.from_yaml(TOPOLOGY) as node:
        app.state.node = node
        app.state.quotes = await asyncio.to_thread(node.publisher, "quotes", ab.Quote)
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/quotes/{symbol}")
async def publish(symbol: str, bid: str, ask: str) -> dict[str, int]:
    """Publish a quote; `send` waits under back pressure without holding up the event loop."""
    try:
        quote = ab.Quote(symbol, bid=ab.price(bid), ask=ab.price(ask))
    except ab.EncodeError as error:
        raise HTTPException(422, str(error)) from error
    return {"sequence": await app.state.quotes.send(quote)}


@app.get("/quotes/{symbol}")
async def last(symbol: str) -> dict[str, str]:
    """Return the last quote that was received."""
    if symbol not in Last.quotes:
        raise HTTPException(404, f"no quote of {symbol} yet")
    quote = Last.quotes[symbol]
    return {"symbol": symbol, "bid": str(quote.bid_decimal), "ask": str(quote.ask_decimal)}


@app.get("/health")
async def health() -> dict[str, Any]:
    """Return whether the node works, and what is wrong with it."""
    found = app.state.node.health()
    return {"ready": found.ready, "problems": list(found.problems)}
