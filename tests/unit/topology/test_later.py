"""What comes later is refused, its defaults are not, and nothing is ignored."""

from __future__ import annotations

import pytest

from actorbus.topology.later import LATER
from tests.support.topologies import minimal, problems


def topology_with(path: str, value: object) -> dict[str, object]:
    """Return a right topology with a value at a dotted path."""
    values = minimal(handlers={"h": {"stream": "s", "class": "count"}}, recorders={}, security={})
    if path.startswith("recorders"):
        values["recorders"] = {"r": {"streams": ["s"], "directory": "d"}}
    node: dict[str, object] = values
    *steps, last = (
        path.replace("streams.*", "streams.s")
        .replace("handlers.*", "handlers.h")
        .replace("recorders.*", "recorders.r")
        .replace("*", "x")
        .split(".")
    )
    for step in steps:
        node = node.setdefault(step, {})  # type: ignore[assignment]
    node[last] = value
    return values


NOT_ALLOWED = [
    ("streams.*.codec.format", "protobuf"),
    ("streams.*.codec.compression", "lz4"),
    ("streams.*.codec.security", "aes"),
    ("handlers.*.dispatch", "process"),
    ("recorders.*.backend", "archive"),
    ("observability.http", "127.0.0.1:9464"),
    ("security.*", {"file": "x"}),
]


@pytest.mark.parametrize(("path", "value"), NOT_ALLOWED)
def test_a_value_that_comes_later_is_refused_with_what_there_is_instead(path: str, value: object) -> None:
    errors = [problem for problem in problems(topology_with(path, value)) if problem.is_error]

    assert [problem.code for problem in errors] == ["AB1501"]
    assert errors[0].message.endswith(" is not built yet (planned)")
    assert errors[0].hint


def test_every_row_of_the_table_is_tested() -> None:
    assert {row.where for row in LATER} == {path for path, _ in NOT_ALLOWED}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((row.where, value) for row in LATER for value in row.unless if row.where != "streams.*.codec.format"),
    ],
)
def test_a_default_written_out_is_right(path: str, value: object) -> None:
    told = [
        problem
        for problem in problems(topology_with(path, value))
        # A row allows what another row of the same key refuses.
        if problem.is_error and not any(path == other and value == refused for other, refused in NOT_ALLOWED)
    ]

    assert told == []
