"""YAML 1.2 with places, and nothing that could hurt."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.topology.report import Report
from actorbus.topology.yaml_reader import ALIASES_MAX, BYTES_MAX, DEPTH_MAX, read_file, read_text
from tests.support.topologies import tree_of


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("9:30", "9:30"), ("NO", "NO"), ("ON", "ON"), ("yes", "yes"), ("off", "off"), ("010", 10), ("0o10", 8),
        ("0x1f", 31), ("1e3", 1000.0), ("1.5", 1.5), (".5", 0.5), ("-7", -7), ("+7", 7), ("1_000", "1_000"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("2026-11-22", "2026-11-22"),
        ("'1'", "1"), ('"true"', "true"), ("1.2.3", "1.2.3"), ("=", "="), ("0b11", "0b11"), ("-.inf", float("-inf")),
        ("!!str 5", "5"), ("x" * 300, "x" * 300), ("9" * 500, "9" * 500),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema_of_yaml_1_2(written: str, value: object) -> None:
    node = tree_of(f"a: {written}\n").at(("a",))

    assert node is not None
    assert node.value == value
    assert type(node.value) is type(value)


def test_an_unquoted_variable_is_typed_after_it_is_expanded_and_a_quoted_one_stays_text() -> None:
    tree = tree_of("a: ${ID}\nb: '${ID}'\nc: x${ID}\n", env={"ID": "7"})

    assert tree.to_python() == {"a": 7, "b": "7", "c": "x7"}


def test_a_variable_cannot_bring_structure() -> None:
    tree = tree_of("a: ${EVIL}\n", env={"EVIL": "{b: [1, 2]}\nc: 3"})

    assert tree.to_python() == {"a": "{b: [1, 2]}\nc: 3"}


def test_an_alias_stands_for_its_anchor_at_its_own_place() -> None:
    tree = tree_of("a: &x {b: 1}\nc: *x\n")

    assert tree.to_python() == {"a": {"b": 1}, "c": {"b": 1}}
    assert tree.nearest(("c",)).place.line == 2


def test_duplicate_keys_are_all_told_and_the_first_value_stays() -> None:
    report = Report()

    tree = tree_of("a: 1\nb: {c: 1, c: 2}\na: 3\n", report)

    assert [(problem.code, problem.line, problem.column) for problem in report.problems()] == [
        ("AB1003", 2, 11),
        ("AB1003", 3, 1),
    ]
    assert tree.to_python() == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: [1\n", "AB1002", 2),
        ("a: b: c\n", "AB1002", 1),
        ("a:\n\t- b\n", "AB1002", 2),
        ("a: 'x\n", "AB1002", 1),
        ("? [a]\n: b\n", "AB1002", 1),
        ("a: *x\n", "AB1002", 1),
        ("a: &a [*a]\n", "AB1002", 1),
        ("<<: {a: 1}\n", "AB1002", 1),
        ("a: \0\n", "AB1002", 1),
        ("a: 1\n---\nb: 2\n", "AB1011", 2),
        ("# nothing\n", "AB1011", 1),
        ("", "AB1011", 1),
        ("a: !!binary x\n", "AB1007", 1),
        ("a: !mine x\n", "AB1007", 1),
        ("!!map {a: 1}\n", "AB1007", 1),
        ("a: " + "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), "AB1005", 1),
        ("a: &a 1\nb: [" + "*a," * (ALIASES_MAX + 1) + "]\n", "AB1006", 2),
        ("x" * (BYTES_MAX + 1), "AB1004", None),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, code: str, line: int | None) -> None:
    report = Report()

    assert read_text(text, report, {}) is None
    assert [(problem.code, problem.line) for problem in report.problems()] == [(code, line)]


def test_what_is_at_the_bounds_is_read() -> None:
    tree_of("a: " + "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1))
    tree_of("a: &a 1\nb: [" + "*a," * ALIASES_MAX + "]\n")


def test_an_alias_bomb_is_refused() -> None:
    report = Report()
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]" for n in range(10)]

    assert read_text("\n".join(lines), report, {}) is None
    assert [problem.code for problem in report.problems()] == ["AB1006"]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfname: x\n")

    tree = read_file(file, Report(), {})

    assert tree is not None
    assert tree.to_python() == {"name": "x"}


def test_a_file_that_is_not_utf_8_is_told_with_the_place_of_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b'version: 1\nname: "caf\xe9"\n')
    report = Report()

    assert read_file(file, report, {}) is None
    assert [(problem.code, problem.line, problem.column) for problem in report.problems()] == [("AB1002", 2, 11)]


def test_a_folder_and_a_missing_file_are_problems(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.yaml"):
        report = Report()

        assert read_file(path, report, {}) is None
        assert [problem.code for problem in report.problems()] == ["AB1001"]
