"""A struct stream's way to its handlers, without a driver."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import pytest

import actorbus as ab
from actorbus.clock import ManualClock
from actorbus.codec import format_named
from actorbus.dispatch import BatchHandler, ColumnHandler, FixedDispatcher, Handler, HandlerState, Route, batch_for
from actorbus.dispatch.fixed import COLUMN_BATCH
from actorbus.dispatch.order import MailRoute
from actorbus.dispatch.parcel import Parcel
from actorbus.errors import UsageError
from tests.support.fixed import Fed, Halt, Tick, fed_port


class FakeLatency:
    def record(self, value_ns: int, /) -> None:
        assert value_ns >= 0


class Loop(Handler):
    def __init__(self) -> None:
        self.got: list[object] = []

    @ab.on(Tick)
    def tick(self, message: Tick, meta: ab.Meta) -> None:
        self.got.append((message.copy(), meta.sequence))
        if message.symbol == "BAD":
            raise ValueError(message.symbol)


class Whole(BatchHandler[Halt]):
    def __init__(self) -> None:
        self.got: list[object] = []

    def on_batch(self, messages: Sequence[Halt], meta: ab.BatchMeta) -> None:
        self.got.append((list(messages), [one.sequence for one in meta]))


class Columns(ColumnHandler[Tick]):
    def __init__(self) -> None:
        self.got: list[object] = []
        self.kept: list[Any] = []

    def on_columns(self, columns: Any, meta: ab.BatchMeta) -> None:
        self.got.append((columns["size"].tolist(), [one.sequence for one in meta]))
        self.kept.append(columns)
        if columns["size"][0] == 13:
            raise ValueError("13")


def run(fed: Fed, *handlers: Handler, on_error: str = "quarantine") -> tuple[FixedDispatcher, dict[str, HandlerState]]:
    states = {
        type(each).__name__: HandlerState(type(each).__name__, on_error, FakeLatency(), logging.getLogger("t"))
        for each in handlers
    }
    dispatcher = FixedDispatcher(
        "s",
        fed.port,
        format_named("struct").decoding((Tick, Halt)),
        {1001: Tick, 1002: Halt},
        [Route(type(each).__name__, each, -number, number) for number, each in enumerate(handlers)],
        states,
        ManualClock(),
        on_stopped=lambda *_: None,
        on_event=lambda _: None,
    )
    while dispatcher.step():
        pass
    return dispatcher, states


def test_each_handler_gets_its_messages_in_its_own_way() -> None:
    loop, whole, columns = Loop(), Whole(), Columns()
    with fed_port(Tick, Halt) as fed:
        sent = [Tick("A", 1.0, 1), Halt(7), Tick("B", 2.0, 2)]
        assert fed.messages(*sent)
        dispatcher, _ = run(fed, columns, loop, whole)
        assert loop.got == [(sent[0], 0), (sent[2], 2)]
        assert whole.got == [([sent[1]], [1])]
        assert columns.got == [([1, 2], [0, 2])]
        assert dispatcher.messages() == {"Columns": 2, "Loop": 2, "Whole": 1}
        assert dispatcher.samples() == [("s", 0, ["Columns", "Loop"])]
        assert fed.messages(Tick("C", 3.0, 3))
        assert dispatcher.step() or dispatcher.step()
        assert columns.kept[0]["size"].tolist() == [1, 2]  # it stays what it was


def test_an_error_is_that_of_its_message_or_of_its_batch() -> None:
    loop, columns = Loop(), Columns()
    with fed_port(Tick, Halt) as fed:
        assert fed.messages(Tick("A", 1.0, 13), Tick("BAD", 2.0, 2), Tick("C", 3.0, 3))
        _, states = run(fed, columns, loop)
        assert (states["Columns"].errors, states["Loop"].errors) == (1, 1)
        assert len(loop.got) == 3
        errors = [(entry[5], entry[7]) for entry in fed.port.quarantine()]
        assert (1, "Loop: ValueError: BAD") in errors
        assert [number for number, text in errors if text == "Columns: ValueError: 13"] == [0, 1, 2]


def test_a_handler_that_is_stopped_in_the_middle_gets_nothing_more() -> None:
    loop, columns = Loop(), Columns()
    with fed_port(Tick, Halt) as fed:
        assert fed.messages(Tick("A", 1.0, 1), Tick("BAD", 2.0, 2), Tick("C", 3.0, 3))
        dispatcher, states = run(fed, columns, loop, on_error="stop")
        assert states["Loop"].stopped
        assert len(loop.got) == 2
        assert dispatcher.messages() == {"Columns": 3, "Loop": 2}


class Keeps(Handler):
    """Keeps what it should have copied, and looks at all of it each time."""

    def __init__(self) -> None:
        self.kept: list[tuple[Tick, int]] = []
        self.wrong: list[tuple[int, int]] = []

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        self.kept.append((message, message.size))
        for kept, size in self.kept:
            with contextlib.suppress(UsageError):  # stale
                if kept.size != size:
                    self.wrong.append((size, kept.size))


class RaisesOnA(Handler):
    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        if message.symbol == "A":
            raise ValueError("A")


class RaisesOnB(Handler):
    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        if message.symbol == "B":
            raise ValueError("B")


def test_a_kept_flyweight_shows_no_other_message_however_many_handlers_leave_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A log record that is kept would keep the loop's frame, and so the flyweight, alive.
    monkeypatch.setattr(logging.getLogger("t"), "disabled", True)
    keeps = Keeps()
    with fed_port(Tick, Halt) as fed:
        assert fed.messages(*(Tick(symbol, 1.0, number) for number, symbol in enumerate("xxAyyBzz")))
        _, states = run(fed, keeps, RaisesOnA(), RaisesOnB(), on_error="stop")
        assert [name for name, state in states.items() if state.stopped] == ["RaisesOnA", "RaisesOnB"]
        assert len(keeps.kept) == 8
        assert keeps.wrong == []


def test_a_mailbox_between_two_inline_handlers_is_handed_real_messages() -> None:
    posted: list[object] = []

    class Mail:
        def post(self, parcel: Parcel) -> None:
            posted.extend(parcel.messages)

        def tell(self, event: object) -> None: ...

    above, below = Loop(), Loop()
    states = {name: HandlerState(name, "skip", FakeLatency(), logging.getLogger("t")) for name in ("above", "below")}
    with fed_port(Tick, Halt) as fed:
        sent = [Tick("A", 1.0, 1), Tick("B", 2.0, 2), Tick("C", 3.0, 3)]
        assert fed.messages(*sent)
        dispatcher = FixedDispatcher(
            "s",
            fed.port,
            format_named("struct").decoding((Tick, Halt)),
            {1001: Tick, 1002: Halt},
            [Route("above", above, 3, 0), Route("below", below, 1, 2)],
            states,
            ManualClock(),
            on_stopped=lambda *_: None,
            on_event=lambda _: None,
            mails=[MailRoute("mail", Loop, 2, 1, (), Mail())],
        )
        while dispatcher.step():
            pass
    assert [type(message) for message in posted] == [Tick] * 3
    assert posted == sent


def test_batches_are_long_where_all_handlers_take_columns() -> None:
    assert batch_for([Columns, Columns]) == COLUMN_BATCH
    assert batch_for([Columns, Loop]) is None
    assert batch_for([]) is None
