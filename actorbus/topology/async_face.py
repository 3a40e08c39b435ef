"""`async with` for whatever opens and closes and waits meanwhile: on a thread, so that the event loop goes on.

A start that is cancelled is undone: what had opened is closed before `CancelledError` goes on. A close is not cut off.
Thread: the event loop's; `open` and `close` run on one of asyncio's own.
"""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Self

from actorbus.errors import ActorBusError

__all__ = ["AsyncFace"]


class AsyncFace:
    """The asyncio face of a node."""

    def open(self) -> Self:
        """Start everything."""
        raise NotImplementedError

    def close(self, *, drain: bool = True) -> None:
        """Stop everything, after a drain or at once."""
        raise NotImplementedError

    def take_signals(self) -> None:
        """Handle signals, if asked for; the main thread alone can."""

    def give_signals_back(self) -> None:
        """Handle no signals any more."""

    async def __aenter__(self) -> Self:
        import asyncio  # here: who never uses it need not load it

        opening = asyncio.ensure_future(asyncio.to_thread(self.open))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            with contextlib.suppress(ActorBusError):
                await opening
                await asyncio.to_thread(self.close, drain=False)
            raise
        self.take_signals()  # open() could not: it was on another thread
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        self.give_signals_back()
        await asyncio.shield(asyncio.to_thread(self.close, drain=kind is None))
