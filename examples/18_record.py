"""Record a stream, be killed, go on where it stopped; then replay the recording at ten times its pace.

`recorders:` keeps what comes through a stream. A handler with `resume: true` reads the recording and goes on behind the
last message it handled. This one writes down, with what it did, how far it was (`meta.recorded`), and says so when it
starts again (`resume_position`): each order is booked exactly once, whenever the process dies.

Prints:
    killed by signal 9 after booking 5 of 10 orders
    booked after the restart: 0 1 2 3 4 5 6 7 8 9
    replayed at ten times the pace: 0 1 2 3 4 5 6 7 8 9
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import actorbus as ab
from actorbus.journal import open_recording

ORDERS = 10


class Order(ab.Message, type_id=1001):
    """One order."""

    number: int


class Ledger(ab.Handler):
    """Books orders: a line each, with the position of the recording behind it."""

    def __init__(self, *, book: str, dies_at: int = -1) -> None:
        self.book = Path(book)
        self.dies_at = dies_at

    def lines(self) -> list[list[str]]:
        """Return what was booked: number and position of each order."""
        return [line.split() for line in self.book.read_text().splitlines()] if self.book.exists() else []

    def resume_position(self) -> ab.Position | None:
        """Return where to go on: behind the last order booked."""
        booked = self.lines()
        return ab.Position(int(booked[-1][1])) if booked else None

    @ab.on(Order)
    def order(self, message: Order, meta: ab.Meta) -> None:
        """Book one order."""
        _, position = meta.recorded or (0, 0)
        with self.book.open("a") as book:
            book.write(f"{message.number} {position}\n")
        if message.number == self.dies_at:  # no stop, no flush: as a power button would
            os.kill(os.getpid(), signal.SIGKILL)


def topology(folder: Path, life: int, dies_at: int = -1) -> ab.Topology:
    """Return the topology; each life of the process has a driver of its own."""
    return ab.Topology(
        name="record",
        driver=ab.DriverSpec(directory=str(folder / f"driver-{life}")),
        streams={
            "orders": ab.StreamSpec(stream_id=1001, messages=[Order]),
            "again": ab.StreamSpec(stream_id=1002, messages=[Order]),
        },
        handlers={
            "ledger": ab.HandlerSpec(
                stream="orders", cls=Ledger, resume=True, options={"book": str(folder / "book"), "dies_at": dies_at}
            ),
            "second": ab.HandlerSpec(stream="again", cls=Ledger, options={"book": str(folder / "second")}),
        },
        recorders={"tape": ab.RecorderSpec(streams=["orders"], directory=str(folder / "tape"))},
    )


def first_life(folder: Path) -> None:
    """Publish ten orders and book them; the process dies with the fifth."""
    with ab.Node(topology(folder, 1, dies_at=4)) as node:
        for number in range(ORDERS):
            node.publisher("orders", Order).publish(Order(number))
        node.wait(for_ns=60_000_000_000)


def numbers(book: Path) -> str:
    """Return the numbers of a book."""
    return " ".join(line.split()[0] for line in book.read_text().splitlines())


def recorded(folder: Path) -> int:
    """Return how many orders the recording has."""
    with open_recording(folder / "tape") as tape:
        return tape.next_sequence


def second_life(folder: Path) -> None:
    """Publish what the first one could not, go on where it stopped, then replay."""
    with ab.Node(topology(folder, 2)) as node:
        for number in range(recorded(folder), ORDERS):
            node.publisher("orders", Order).publish(Order(number))
        while len(numbers(folder / "book").split()) < ORDERS:
            time.sleep(0.01)
        print("booked after the restart:", numbers(folder / "book"))
        with node.subscribe("orders", Order, start="earliest", end="now", speed=10) as orders:
            for order in orders:
                node.publisher("again", Order).publish(order)
    print("replayed at ten times the pace:", numbers(folder / "second"))


def main() -> None:
    """Live twice."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        killed = subprocess.run([sys.executable, __file__, name], check=False)
        booked = len((folder / "book").read_text().splitlines())
        print(f"killed by signal {-killed.returncode} after booking {booked} of {ORDERS} orders")
        second_life(folder)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        first_life(Path(sys.argv[1]))
    else:
        main()
