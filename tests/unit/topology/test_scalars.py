"""Texts, numbers, durations, sizes and choices: value, bound, and what to write instead."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from msgspec import Meta, inspect

from actorbus.topology.model import Duration, Name, Size
from actorbus.topology.report import Report
from actorbus.topology.scalars import MISSING, type_name
from actorbus.topology.shape import decode
from actorbus.topology.tree import Tree
from tests.support.topologies import tree_of

Small = Annotated[int, Meta(ge=1, le=9)]


def decoded(written: str, wanted: object) -> tuple[object, str | None, str | None]:
    """Return the value, and code and hint of the problem."""
    report = Report()
    tree = tree_of(f"a: {written}\n", report)
    value = decode(tree.nearest(("a",)), wanted, report, ("a",))
    problem = report.problems()[0] if report.problems() else None
    return value, problem and problem.code, problem and problem.hint


@pytest.mark.parametrize(
    ("written", "wanted", "value"),
    [
        ("5", int, 5), ("5", float, 5.0), ("2.5", float, 2.5), ("x", str, "x"), ("true", bool, True), ("9", Small, 9),
        ("100ms", Duration, "100ms"), ("64k", Size, "64k"), ("65536", Size, "65536"), ("null", Size | None, None),
        ("b", Literal["a", "b"], "b"), ("2", Literal[1, 2], 2), ("my.name-1", Name, "my.name-1"),
    ],
)  # fmt: skip
def test_a_right_value_is_taken(written: str, wanted: object, value: object) -> None:
    assert decoded(written, wanted) == (value, None, None)


@pytest.mark.parametrize(
    ("written", "wanted", "code", "hint"),
    [
        ("'5'", int, "AB1103", "remove the quotes: 5"),
        ("5.0", int, "AB1103", "write 5"),
        ("true", int, "AB1103", "write a whole number"),
        ("5", str, "AB1103", 'quote it: "5"'),
        ("[x]", str, "AB1103", "write text"),
        ("1", bool, "AB1103", "write true or false"),
        ("0", Small, "AB1105", "choose one from 1 to 9"),
        ("10", Small, "AB1105", "choose one from 1 to 9"),
        ("5", Duration, "AB1106", "write 5s or 5ms"),
        ("-1s", Duration, "AB1106", None),
        ("1 parsec", Duration, "AB1106", None),
        ("1.5", Size, "AB1107", "write bytes, or a number with k, m or g: 64k, 1m"),
        ("1x", Size, "AB1107", None),
        ("c", Literal["abc", "xyz"], "AB1104", "choose one of abc, xyz"),
        ("abd", Literal["abc", "xyz"], "AB1104", "did you mean 'abc'?"),
        ("a b", Name, "AB1108", "rename it"),
    ],
)
def test_a_wrong_value_is_told_with_what_to_write(written: str, wanted: object, code: str, hint: str | None) -> None:
    value, found, advice = decoded(written, wanted)

    assert value is MISSING
    assert found == code
    assert hint is None or advice == hint


def test_a_class_given_from_python_passes_for_its_name() -> None:
    from actorbus.topology.model import SourceSpec
    from actorbus.topology.tree import from_python

    report = Report()
    spec = decode(from_python({"stream": "s", "class": dict}), SourceSpec, report)

    assert spec.cls is dict
    assert report.problems() == []


def test_an_object_that_is_no_scalar_is_named_by_its_type() -> None:
    report = Report()

    assert decode(Tree(object()), int, report) is MISSING
    assert "an object of object" in report.problems()[0].message


def test_types_have_names_that_people_read() -> None:
    names = [type_name(inspect.type_info(wanted)) for wanted in (int, str | None, list[int], dict[str, int], bytes)]

    assert names == ["a whole number", "text or null", "a list", "a mapping", "BytesType"]
