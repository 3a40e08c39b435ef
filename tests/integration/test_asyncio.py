"""The asyncio face on a real driver: `async with Node`, `await send`, `async for`, under asyncio and uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine

import pytest

import actorbus as ab
from tests.system.processes import wait_for

uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed: pip install uvloop")

DEADLINE_S = 20.0
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Tick(ab.Message, type_id=1001, version=1):
    n: int


class Gate(ab.Handler):
    """Takes nothing before the gate opens: its stream has no room then."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        gates.append(self)

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        opened.wait(DEADLINE_S)
        self.seen.append(message.n)


gates: list[Gate] = []
opened = threading.Event()


def topology(*, gate: bool = False, timeout: str = "10s") -> dict[str, object]:
    here = "tests.integration.test_asyncio"
    return {
        "version": 1,
        "name": "async",
        "streams": {
            "ticks": {
                "stream_id": 1,
                "channel": "aeron:ipc?term-length=64k",
                "messages": [f"{here}:Tick"],
                "back_pressure": {"policy": "block", "timeout": timeout},
            }
        },
        "handlers": {"gate": {"stream": "ticks", "class": f"{here}:Gate"}} if gate else {},
    }


async def turn(seconds: float) -> None:
    """Let the loop go on for so long."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


@pytest.fixture(params=list(LOOPS))
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[None, None, None]], None]:
    def in_loop(work: Coroutine[None, None, None]) -> None:
        gates.clear()
        opened.clear()
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner, contextlib.ExitStack() as stack:
            stack.callback(opened.set)  # whatever fails, the handler does not wait on
            runner.run(asyncio.wait_for(work, DEADLINE_S))

    return in_loop


def test_messages_sent_from_a_loop_arrive_in_a_loop(run: Callable[[Coroutine[None, None, None]], None]) -> None:
    async def main() -> None:
        async with ab.Node.from_dict(topology()) as node:
            subscription = node.subscribe("ticks", Tick)
            got: list[int] = []

            async def read() -> None:
                async for message in subscription:
                    got.append(message.n)
                    if len(got) == 5_000:
                        return

            reading = asyncio.create_task(read())
            publisher = node.publisher("ticks", Tick)
            threads = threading.active_count()
            for n in range(5_000):
                await publisher.send(Tick(n))
            await reading
            assert threading.active_count() == threads
        assert got == list(range(5_000))

    run(main())


def test_a_send_without_room_lets_the_loop_go_on_and_gives_up_at_its_timeout(
    run: Callable[[Coroutine[None, None, None]], None],
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with ab.Node.from_dict(topology(gate=True, timeout="500ms")) as node:
            publisher = node.publisher("ticks", Tick)
            sent = refused = 0
            while refused < 20:  # the handler's poller takes a batch, and only then there is no room any more
                if publisher.offer(Tick(sent)):
                    sent, refused = sent + 1, 0
                else:
                    refused += 1
                    await turn(0.005)
            began = loop.time()
            sending = asyncio.create_task(publisher.send(Tick(sent)))
            turns = 0
            while not sending.done():
                turns += 1
                await turn(0.01)
            assert 0.45 <= loop.time() - began <= 1.5
            assert turns >= 20
            with pytest.raises(ab.BackPressured, match=r"after \d\.\d+ s"):
                await sending
            sending = asyncio.create_task(publisher.send(Tick(sent)))
            opened.set()
            assert await sending == sent
        assert gates[0].seen == list(range(sent + 1))

    run(main())


def test_an_async_loop_ends_with_the_node(run: Callable[[Coroutine[None, None, None]], None]) -> None:
    async def main() -> None:
        async with ab.Node.from_dict(topology()) as node:
            subscription = node.subscribe("ticks", Tick)

            async def read() -> list[int]:
                return [message.n async for message in subscription]

            reading = asyncio.create_task(read())
            await node.publisher("ticks", Tick).send(Tick(7))
            wait = asyncio.get_running_loop().run_in_executor
            await wait(None, lambda: wait_for(lambda: node.stats().streams["ticks"].published == 1, 5, "the message"))
            await turn(0.05)
        assert await reading == [7]

    run(main())


def test_a_cancelled_start_closes_what_it_opened(run: Callable[[Coroutine[None, None, None]], None]) -> None:
    node = ab.Node.from_dict(topology())

    async def main() -> None:
        entering = asyncio.create_task(node.__aenter__())
        await turn(0)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert node.health().state == "closed"

    run(main())
