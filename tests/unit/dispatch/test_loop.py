from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

import actorbus.dispatch as d
from actorbus.dispatch.loop import DIRECT_TYPES, Step, Tools, build_loop, build_step
from actorbus.dispatch.meta import Standing
from actorbus.dispatch.routes import Call

KINDS = [type(f"Kind{n}", (), {}) for n in range(DIRECT_TYPES * 3)]
ROUTE = d.Route("r", d.Handler(), 1, 0)
META = cast("d.Meta", object())


def never(number: int, message: object, error: BaseException) -> None:
    raise AssertionError((number, message, error))


@pytest.mark.parametrize("kinds", [1, 2, DIRECT_TYPES, DIRECT_TYPES + 1, DIRECT_TYPES * 3])
def test_every_kind_reaches_its_own_calls_however_many_there_are(kinds: int) -> None:
    """Below and above the number of kinds that are tested directly."""
    seen: list[tuple[int, int]] = []
    calls = {
        kind: [Call(ROUTE, lambda m, n=number, c=c: seen.append((n, c)), False) for c in range(2)]
        for number, kind in enumerate(KINDS[:kinds])
    }
    loop, flat = build_loop(calls)

    loop(iter([kind() for kind in KINDS[:kinds]]), META, never)

    assert seen == [(number, c) for number in range(kinds) for c in range(2)]
    assert len(flat) == 2 * kinds


@pytest.mark.parametrize("kinds", [1, DIRECT_TYPES + 2])
def test_meta_is_passed_only_to_those_that_take_it(kinds: int) -> None:
    seen: list[object] = []
    calls = {
        kind: [Call(ROUTE, lambda m: seen.append("plain"), False), Call(ROUTE, lambda m, meta: seen.append(meta), True)]
        for kind in KINDS[:kinds]
    }
    loop, _ = build_loop(calls)

    loop(iter([KINDS[kinds - 1]()]), META, never)

    assert seen == ["plain", META]


@pytest.mark.parametrize("kinds", [1, DIRECT_TYPES + 2])
def test_an_error_names_its_call_and_the_loop_goes_on(kinds: int) -> None:
    failed: list[tuple[int, BaseException]] = []
    after: list[object] = []

    def raises(message: object) -> None:
        raise KeyboardInterrupt

    calls = {kind: [Call(ROUTE, raises, False), Call(ROUTE, after.append, False)] for kind in KINDS[:kinds]}
    loop, flat = build_loop(calls)

    loop(iter([KINDS[kinds - 1](), KINDS[0]()]), META, lambda number, message, error: failed.append((number, error)))

    assert [flat[number].function for number, _ in failed] == [raises, raises]
    assert len(after) == 2


def test_a_stream_without_handlers_has_a_loop_that_does_nothing() -> None:
    loop, calls = build_loop({KINDS[0]: []})
    loop(iter([KINDS[0]()]), META, never)

    assert calls == []


# -- the step ----------------------------------------------------------------------------------------------------------


class Left(Exception):
    pass


class Around:
    """What is around a step: batches to give, and what it was told."""

    def __init__(self, *batches: object) -> None:
        self.batches = list(batches)
        self.standing = Standing()
        self.told: list[object] = []

    def poll(self) -> int:
        batch = self.batches[0] if self.batches else 0
        return len(batch) if isinstance(batch, list) else cast("int", batch)

    def decode(self, _port: object) -> list[object]:
        batch = self.batches.pop(0)
        if isinstance(batch, list) and batch and isinstance(batch[0], Exception):
            raise batch[0]
        return cast("list[object]", batch)

    def tell(self, what: str, answer: object = None) -> Callable[..., Any]:
        def told(*arguments: object) -> object:
            self.told.append((what, *arguments))
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return told

    def step(self, calls: dict[type, list[Call]], **other: Callable[..., Any]) -> Step:
        tools = Tools(
            self.poll, self.decode, self.standing, "port", META, never, self.tell("idle", 7), self.tell("undecoded"),
            self.tell("mismatched", ValueError("no")), next, Left, self.told.extend,
        )  # fmt: skip
        return build_step(calls, tools._replace(**cast("Any", other)))


def only(function: Callable[[object], object]) -> dict[type, list[Call]]:
    return {KINDS[0]: [Call(ROUTE, function, False)]}


def test_a_step_handles_a_batch_and_stands_nowhere_afterwards() -> None:
    seen: list[object] = []
    one, two = KINDS[0](), KINDS[0]()
    around = Around([one, two], [two], 0, -1)

    def see(message: object) -> None:
        standing = around.standing
        assert standing.left is not None
        seen.append((message, standing.count - standing.left.__length_hint__() - 1, list(standing.messages)))

    step = around.step(only(see))
    around.standing.until_trace = 9
    assert [step(), step()] == [2, 1]
    assert seen == [(one, 0, [one, two]), (two, 1, [one, two]), (two, 0, [two])]
    standing = around.standing
    assert (standing.left, standing.messages, standing.batches, standing.until_trace) == (None, (), 2, 7)
    assert step() == 7
    around.batches = [-1]
    assert step() == 7
    assert around.told == [("idle", 0), ("idle", -1)]


def test_a_step_traces_the_first_message_of_a_batch_whose_turn_it_is() -> None:
    seen: list[object] = []
    around = Around([1, KINDS[0]()], [KINDS[0]()])
    step = around.step(only(seen.append))
    assert [step(), step()] == [2, 1]
    assert [type(message) for message in seen] == [KINDS[0], KINDS[0]]  # the 1 was taken out of its turn


def test_what_cannot_be_decoded_is_told_and_so_is_another_number_of_messages() -> None:
    around = Around([ValueError("broken"), 2])
    assert around.step(only(never_called))() == 2
    assert around.told == [("undecoded", 2)]
    around = Around([1])
    with pytest.raises(ValueError, match="no"):
        around.step(only(never_called))(poll=lambda: 3)
    assert around.told == [("mismatched", 1, 3)]


def never_called(message: object) -> None:
    raise AssertionError(message)


def test_who_leaves_ends_the_loop_and_the_rest_is_handled_without() -> None:
    def fails(number: int, message: object, error: BaseException) -> None:
        raise Left

    around = Around([KINDS[0](), "rest", "more"])
    around.standing.until_trace = 9
    assert around.step(only(never_called), fail=fails)() == 3
    assert around.told == ["rest", "more"]
    assert around.standing.left is None


@pytest.mark.parametrize("kinds", [DIRECT_TYPES, DIRECT_TYPES + 3])
def test_a_step_of_many_kinds_reaches_the_calls_of_each(kinds: int) -> None:
    seen: list[object] = []
    calls = {kind: [Call(ROUTE, lambda m, meta: seen.append((m, meta)), True)] for kind in KINDS[:kinds]}
    messages = [kind() for kind in KINDS[:kinds]]
    around = Around(messages)
    around.standing.until_trace = 9
    assert around.step(calls)() == kinds
    assert seen == [(message, META) for message in messages]
