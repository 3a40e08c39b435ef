"""Options against the annotations of `__init__`."""

from __future__ import annotations

import enum
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from actorbus.topology.options import check_options
from actorbus.topology.report import Report
from actorbus.topology.tree import Tree, from_python
from tests.support.topologies import tree_of

if TYPE_CHECKING:
    from somewhere_else import Unknown


class Mode(enum.Enum):
    SOFT = "soft"
    HARD = "hard"


class Takes:
    def __init__(
        self,
        *,
        count: int,
        rate: float = 1.0,
        name: str | None = None,
        mode: Mode = Mode.SOFT,
        speed: Literal["max", "original"] | float = "max",
        price: Decimal = Decimal(0),
        path: Path | None = None,
        weights: dict[str, float] | None = None,
        anything=None,
    ) -> None: ...


class TakesAll:
    def __init__(self, **options: object) -> None: ...


class TakesUnknown:
    def __init__(self, *, one: Unknown = None, two: int = 2) -> None: ...


class TakesNothing: ...


def checked(cls: type, text: str) -> tuple[dict[str, object], list[tuple[str, int | None, int | None]], Report]:
    report = Report("t.yaml")
    root = tree_of(f"handlers:\n  h:\n    options: {text}\n", report)
    path = ("handlers", "h", "options")
    found = check_options(cls, root.at(path) or Tree({}), report, path, Path("/topology"))
    return found, [(problem.code, problem.line, problem.column) for problem in report.problems()], report


def test_right_options_are_converted() -> None:
    text = (
        "{count: 3, rate: 2, name: null, mode: hard, speed: 10, price: '1.50', path: d/x.csv, weights: {a: 1}, "
        "anything: [1]}"
    )

    found, told, _ = checked(Takes, text)

    assert told == []
    assert found == {
        "count": 3, "rate": 2.0, "name": None, "mode": Mode.HARD, "speed": 10.0, "price": Decimal("1.50"),
        "path": Path("/topology/d/x.csv"), "weights": {"a": 1.0}, "anything": [1],
    }  # fmt: skip
    Takes(**found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("{count: '3'}", 22),
        ("{count: 3, rate: fast}", 31),
        ("{count: 3, name: 7}", 31),
        ("{count: 3, mode: loud}", 31),
        ("{count: 3, speed: fast}", 32),
        ("{count: 3, weights: {a: 1, b: x}}", 44),
        ("{count: 3, price: abc}", 32),
    ],
)
def test_an_option_of_the_wrong_type_is_told_at_its_place(text: str, column: int) -> None:
    _, told, _ = checked(Takes, text)

    assert told == [("AB1307", 3, column)]


def test_unknown_and_missing_options_are_told() -> None:
    _, told, report = checked(Takes, "{cuont: 3}")

    assert told == [("AB1306", 3, 5), ("AB1305", 3, 15)]
    assert {problem.hint for problem in report.problems()} == {"add `options: {count: ...}`", "did you mean 'count'?"}


def test_a_class_without_an_init_takes_no_options() -> None:
    _, told, report = checked(TakesNothing, "{a: 1}")

    assert told == [("AB1305", 3, 15)]
    assert report.problems()[0].hint == "it takes no options"


def test_keyword_arguments_of_any_name_take_everything() -> None:
    assert checked(TakesAll, "{a: 1, b: [x]}")[0] == {"a": 1, "b": ["x"]}


def test_an_annotation_that_cannot_be_evaluated_takes_anything_and_the_others_still_count() -> None:
    found, told, _ = checked(TakesUnknown, "{one: [1], two: x}")

    assert found == {"one": [1]}
    assert [code for code, *_ in told] == ["AB1307"]


def test_objects_given_from_python_pass_by_their_class() -> None:
    report = Report()

    found = check_options(Takes, from_python({"count": 1, "mode": Mode.HARD}), report, ("options",), Path())

    assert report.problems() == []
    assert found["mode"] is Mode.HARD


def test_a_quoted_variable_is_what_the_annotation_wants() -> None:
    options = '{count: "${COUNT_NOT_SET:-3}", rate: "${RATE_NOT_SET:-2.5}", speed: "${SPEED_NOT_SET:-4}", '
    found, problems, _ = checked(Takes, options + 'name: "${NAME_NOT_SET:-5}", anything: "${ANY_NOT_SET:-6}"}')

    assert problems == []
    assert found == {"count": 3, "rate": 2.5, "speed": 4, "name": "5", "anything": "6"}


def test_a_quoted_variable_that_holds_no_number_and_a_quoted_number_are_refused() -> None:
    assert checked(Takes, '{count: "${COUNT_NOT_SET:-three}"}')[1] == [("AB1307", 3, 22)]
    assert checked(Takes, '{count: "${COUNT_NOT_SET:-3}0"}')[1] == [("AB1307", 3, 22)]
    assert checked(Takes, '{count: "3"}')[1] == [("AB1307", 3, 22)]
