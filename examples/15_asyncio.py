"""A node in an event loop: opening, sending and reading wait without holding the loop up.

A handler of `dispatch: mailbox` may have `async def` methods too; they run on a loop of the handler's own.

Prints:
    4 is a square
    9 is a square
    16 is a square
    the loop turned meanwhile
"""

from __future__ import annotations

import asyncio

import actorbus as ab


class Number(ab.Message, type_id=1001):
    """One number."""

    value: int


class Squares(ab.Handler):
    """Waits for something slow with each message, and holds nobody up but itself."""

    squares = ab.Output(Number)

    @ab.on(Number)
    async def number(self, message: Number) -> None:
        """Publish the square."""
        await asyncio.sleep(0.001)
        self.squares.publish(Number(message.value**2))


TOPOLOGY = ab.Topology(
    name="asyncio",
    streams={
        "numbers": ab.StreamSpec(stream_id=1001, messages=[Number]),
        "squares": ab.StreamSpec(stream_id=1002, messages=[Number]),
    },
    handlers={
        "squares": ab.HandlerSpec(stream="numbers", cls=Squares, dispatch="mailbox", publishes={"squares": "squares"})
    },
)


async def main() -> None:
    """Send three numbers and read their squares."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    async with ab.Node(TOPOLOGY) as node:
        subscription = await asyncio.to_thread(node.subscribe, "squares", Number)  # opens a subscription: it waits
        numbers = await asyncio.to_thread(node.publisher, "numbers", Number)
        for value in (2, 3, 4):
            await numbers.send(Number(value))
        seen = 0
        async for square in subscription:
            print(f"{square.value} is a square")
            seen += 1
            if seen == 3:
                break
    turning.cancel()
    print("the loop turned meanwhile" if turns > 10 else "the loop was held up")


asyncio.run(main())
