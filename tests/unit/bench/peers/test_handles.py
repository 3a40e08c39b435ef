"""What peers do with a message is what our handlers do."""

from __future__ import annotations

import msgspec

from actorbus.bench import work
from actorbus.bench.case import Case
from actorbus.bench.handlers import Sink
from actorbus.bench.peers import handles


def test_typed_messages_are_decoded_and_a_number_of_each_is_kept() -> None:
    handle, methods = handles.typed()
    ours = Sink()
    for number, body in enumerate(work.typed_bodies(4)):
        handle(body)
        message = work.typed_message(number)
        ours.fill(message) if isinstance(message, work.Fill) else ours.quote(message)
        assert (methods.count, methods.last) == (ours.count, ours.last)


def test_many_handlers_get_each_message() -> None:
    handle, last = handles.typed_to_many(3)
    handle(work.typed_bodies(1)[0])

    assert last.count == 1


def test_bodies_are_compared_with_what_must_come() -> None:
    bodies = handles.Bodies(64)
    for body in work.bodies_of(64)[:2]:
        bodies.take(body)
    assert (bodies.count, bodies.wrong) == (2, 0)
    bodies.take(bytes(64))
    assert (bodies.count, bodies.wrong) == (3, 1)


def test_late_ticks_are_recorded_but_those_of_the_warm_up() -> None:
    late, encode = handles.Late(), msgspec.msgpack.encode
    late.take(encode(work.Tick(-1, 0)))
    late.take(encode(work.Tick(0, 0)))

    assert (late.count, late.found.snapshot().count) == (2, 1)


def test_a_case_has_its_callback_and_shows_it() -> None:
    for case, shown in (
        (Case(system="x"), handles.typed),
        (Case(system="x", size=32), handles.Bodies),
        (Case(system="x", form="ticks"), handles.Late),
        (Case(system="x", handlers=2), handles.typed_to_many),
    ):
        assert callable(handles.handle_of(case)[0])
        assert handles.shown(case)[0] is shown
