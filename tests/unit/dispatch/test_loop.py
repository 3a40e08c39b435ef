from __future__ import annotations

from typing import cast

import pytest

import actorbus.dispatch as d
from actorbus.dispatch.loop import DIRECT_TYPES, build_loop
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
