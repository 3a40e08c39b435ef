"""The asyncio face on something that only notes what it is asked; the node itself is in tests/integration."""

from __future__ import annotations

import asyncio
import threading
from typing import Self, override

import pytest

from actorbus.errors import UsageError
from actorbus.topology.async_face import AsyncFace


class Notes(AsyncFace):
    def __init__(self, *, refuse: bool = False) -> None:
        self.calls: list[tuple[str, bool]] = []
        self.refuse = refuse
        self.go_on = threading.Event()
        self.go_on.set()

    def note(self, what: str) -> None:
        self.calls.append((what, threading.current_thread() is threading.main_thread()))

    @override
    def open(self) -> Self:
        assert self.go_on.wait(5)
        if self.refuse:
            raise UsageError("no")
        self.note("open")
        return self

    @override
    def close(self, *, drain: bool = True) -> None:
        self.note(f"close {drain}")

    @override
    def take_signals(self) -> None:
        self.note("take signals")

    @override
    def give_signals_back(self) -> None:
        self.note("give signals back")


def test_it_opens_and_closes_on_another_thread_and_handles_signals_on_the_main_one() -> None:
    face = Notes()

    async def main() -> None:
        async with face as entered:
            assert entered is face

    asyncio.run(main())
    assert face.calls == [("open", False), ("take signals", True), ("give signals back", True), ("close True", False)]


def test_an_error_inside_closes_without_a_drain() -> None:
    face = Notes()

    async def main() -> None:
        async with face:
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        asyncio.run(main())
    assert face.calls[-1] == ("close False", False)


def test_a_start_that_fails_raises_and_closes_nothing() -> None:
    face = Notes(refuse=True)

    async def main() -> None:
        async with face:
            raise AssertionError

    with pytest.raises(UsageError, match="no"):
        asyncio.run(main())
    assert face.calls == []


def test_a_start_that_is_cancelled_is_undone() -> None:
    face = Notes()
    face.go_on.clear()

    async def main() -> None:
        entering = asyncio.create_task(face.__aenter__())
        asyncio.get_running_loop().call_later(0.01, entering.cancel)
        asyncio.get_running_loop().call_later(0.02, face.go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await entering

    asyncio.run(main())
    assert face.calls == [("open", False), ("close False", False)]
