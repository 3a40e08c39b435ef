"""A mailbox handler with `async def` methods: its thread runs an event loop of its own, woken once a batch.

Messages are awaited one after the other (inv_one_message_at_a_time); tasks the handler starts run beside them, and are
cancelled when it ends. Thread: the handler's.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections import deque
from concurrent.futures import Future

from actorbus.actors.hosting import OUT
from actorbus.actors.mailbox_handler import MailboxActor
from actorbus.dispatch import Parcel
from actorbus.dispatch.redrive import OneMessage, handing
from actorbus.dispatch.state import describe

__all__ = ["AsyncMailboxActor"]


class AsyncMailboxActor(MailboxActor):
    """The same for a handler with `async def` methods: its thread runs an event loop, woken once a batch."""

    def on_start(self) -> None:
        """Make the event loop, and the handler inside it: its `on_start` may start tasks."""
        self._loop = asyncio.new_event_loop()
        self._woken = asyncio.Event()
        self._again: deque[tuple[OneMessage, Future[str | None]]] = deque()

        async def begin() -> None:
            self._host()

        try:
            self._loop.run_until_complete(begin())
        except BaseException:
            self._loop.close()
            raise
        self.inbox.listener = self._notify

    def _notify(self) -> None:
        if not self._woken.is_set():
            with contextlib.suppress(RuntimeError):  # the loop is closed: the actor has ended
                self._loop.call_soon_threadsafe(self._woken.set)

    def wake(self) -> None:
        """Look again whether a batch may start. Any thread."""
        super().wake()
        self._notify()

    def run(self) -> None:
        """Run the event loop until stopped; what the handler left running is cancelled."""
        try:
            self._loop.run_until_complete(self._live())
            self._loop.run_until_complete(self._cancel_rest())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()

    async def _cancel_rest(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _live(self) -> None:
        while True:
            self._woken.clear()
            if self._obey_one():
                if self.actor_stopped.is_set():
                    return
                continue
            worked = False
            try:
                while self._again:
                    await self._redrive_one(*self._again.popleft())
                found = self._next()
                if found is not None:
                    entry, at = found
                    worked = True
                    if isinstance(entry.batch, Parcel):
                        self._came_to(entry, await self._dispatcher.run_async(entry.batch, at, self.inbox.empty))
                        await asyncio.sleep(0)  # let the tasks of the handler run, however busy the stream
                    else:
                        self._tell(entry)
                worked |= self._fire()
            except BaseException as error:  # noqa: BLE001 - an error of ours is reported; the actor goes on
                self.failed(error)
            if not self._reach_goals() and not worked:
                await self._rest()

    def redrive(self, one: OneMessage, done: Future[str | None]) -> None:
        """Have a message handed again, before the next one of the mailbox."""
        self._again.append((one, done))

    async def _redrive_one(self, one: OneMessage, done: Future[str | None]) -> None:
        if self._handler is None or self.state.stopped or self.state.away:
            done.set_result(OUT)
            return
        try:
            with handing(self._handler, one) as answers:
                for answer in answers:
                    if inspect.isawaitable(answer):
                        await answer
            done.set_result(None)
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is the answer
            self.state.raised(error, f"on a redriven message of stream {one.stream!r}")
            done.set_result(describe(error))

    async def _rest(self) -> None:
        due = self._next_due_ns()
        if due is None:
            await self._woken.wait()
            return
        left_s = max(0.0, (due - self._clock.monotonic_ns()) / 1e9)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), left_s)
