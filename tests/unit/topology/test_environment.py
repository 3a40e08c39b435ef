"""Environment variables in texts."""

from __future__ import annotations

import pytest

from actorbus.topology.environment import expand, is_variable

ENV = {"NAME": "value", "EMPTY": "", "BRACES": "${NAME}", "YAML": "x]: {y"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain $NAME {NAME}", "plain $NAME {NAME}"),
        ("${NAME}", "value"),
        ("a${NAME}b${NAME}c", "avaluebvaluec"),
        ("${MISSING:-default}", "default"),
        ("${MISSING:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-default}", "default"),
        ("${NAME:-default}", "value"),
        ("$${NAME}", "${NAME}"),
        ("${BRACES}", "${NAME}"),  # once: what a variable holds is not looked at again
        ("${YAML}", "x]: {y"),
    ],
)
def test_a_text_is_expanded_once(text: str, expanded: str) -> None:
    told: list[str] = []

    assert expand(text, ENV, lambda code, *_: told.append(code)) == expanded
    assert told == []


@pytest.mark.parametrize(
    ("text", "code"),
    [("${MISSING}", "AB1008"), ("${", "AB1009"), ("${1}", "AB1009"), ("${A-b}", "AB1009"), ("${ NAME }", "AB1009")],
)
def test_a_variable_that_is_not_set_or_not_one_is_told(text: str, code: str) -> None:
    told: list[str] = []

    expand(text, ENV, lambda code, *_: told.append(code))

    assert told == [code]


def test_a_default_with_a_variable_inside_is_refused_and_not_cut() -> None:
    told: list[str] = []

    expand("${A:-${B}}", {}, lambda code, _message, _hint: told.append(code))

    assert told[0] == "AB1009"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("${A}", True), ("${A:-1}", True), ("${A}1", False), ("$${A}", False), ("${", False), ("1", False), ("", False)],
)
def test_a_variable_alone_is_told_from_one_with_something_beside_it(text: str, is_one: bool) -> None:
    assert is_variable(text) is is_one
