from __future__ import annotations

import pytest

import actorbus.dispatch as d
from actorbus.dispatch.routes import in_priority_order, takes_all
from actorbus.errors import UsageError


class A: ...


class B: ...


class Takes(d.Handler):
    @d.on(A)
    def a(self, message: A) -> None: ...


class TakesAll(d.Handler):
    @d.on(A)
    def a(self, message: A, meta: d.Meta) -> None: ...

    @d.on(object)
    def rest(self, message: object) -> None: ...


def test_routes_sort_from_high_to_low_and_ties_keep_the_order_of_the_file() -> None:
    handler = Takes()
    routes = [
        d.Route("x", handler, 1, 0),
        d.Route("y", handler, 3, 1),
        d.Route("z", handler, 1, 2),
        d.Route("w", handler, 3, 3),
    ]

    assert [route.name for route in in_priority_order(routes)] == ["y", "w", "x", "z"]


def test_an_exact_mark_wins_over_object() -> None:
    route = d.Route("all", TakesAll(), 1, 0)

    (exact,) = d.calls_for([route], A)
    (rest,) = d.calls_for([route], B)

    assert exact.takes_meta
    assert exact.function == route.handler.a  # type: ignore[attr-defined]
    assert not rest.takes_meta


def test_types_nobody_takes_are_left_out() -> None:
    assert d.taken_types([Takes], [B, A]) == [A]
    assert d.taken_types([Takes, TakesAll], [B, A]) == [B, A]


def test_two_methods_for_one_type_are_refused_naming_both() -> None:
    class Twice(d.Handler):
        @d.on(A)
        def one(self, message: A) -> None: ...

        @d.on(A)
        def two(self, message: A) -> None: ...

    with pytest.raises(UsageError, match="'one' and 'two'"):
        d.calls_for([d.Route("twice", Twice(), 1, 0)], A)


def test_a_class_takes_all_when_it_marks_object_or_every_declared_type() -> None:
    assert takes_all(TakesAll, [A, B])
    assert takes_all(Takes, [A])
    assert not takes_all(Takes, [A, B])
