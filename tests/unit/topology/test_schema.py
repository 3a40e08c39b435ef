"""The JSON schema: fresh, right for the shipped topologies, and of one mind with the check."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest

from actorbus.errors import InvalidValue
from actorbus.topology.check import check_file
from actorbus.topology.model import DURATION_PATTERN, SIZE_PATTERN
from actorbus.topology.report import Report
from actorbus.topology.schema import schema_text, topology_schema
from actorbus.topology.yaml_reader import read_file
from actorbus.units import duration_ns, size_bytes

ROOT = Path(__file__).resolve().parents[3]
RIGHT = [
    ROOT / "tests" / "data" / "valid.yaml",
    *sorted((ROOT / "config" / "topologies").glob("*.yaml")),
    *sorted((ROOT / "examples").rglob("*.yaml")),
]
BROKEN = sorted((ROOT / "tests" / "data" / "broken").glob("*.yaml"))
SHAPE_CODES = {"AB1101", "AB1102", "AB1103", "AB1104", "AB1105", "AB1106", "AB1107", "AB1108", "AB1109"}


def python_of(path: Path) -> object:
    tree = read_file(path, Report(), {"BARS_CSV": "x"})
    return None if tree is None else tree.to_python()


def test_the_shipped_schema_is_fresh() -> None:
    shipped = (ROOT / "config" / "topology.schema.json").read_text(encoding="utf-8")

    assert shipped == schema_text(), "write it anew: python -m actorbus schema > config/topology.schema.json"


def test_the_schema_is_a_schema() -> None:
    assert jsonschema_rs.meta.is_valid(topology_schema())


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_a_right_topology_is_valid(path: Path) -> None:
    errors = jsonschema_rs.validator_for(topology_schema()).iter_errors(python_of(path))

    assert [error.message for error in errors] == []


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_what_the_check_calls_misshapen_the_schema_does_too(path: Path) -> None:
    values = python_of(path)
    if values is None:
        return
    told = {problem.code for problem in check_file(path, env={}).problems} & SHAPE_CODES
    valid = jsonschema_rs.validator_for(topology_schema()).is_valid(values)

    assert not (told and valid), told


@pytest.mark.parametrize(
    "text", ["1s", "1.5s", "100 ms", "5", "", "1 parsec", "1µs", "1min", "2h", "1d", "-1s", "1e3s", "1.s", ".5s"]
)
def test_durations_are_right_for_the_schema_when_they_are_for_units(text: str) -> None:
    assert bool(re.search(DURATION_PATTERN, text)) is parses(duration_ns, text)


@pytest.mark.parametrize("text", ["1", "64k", "64K", "16m", "1g", "1 kb", "1KiB", "1.5k", "b", "", "1t", "-1", "1kk"])
def test_sizes_are_right_for_the_schema_when_they_are_for_units(text: str) -> None:
    assert bool(re.search(SIZE_PATTERN, text)) is parses(size_bytes, text)


def parses(parse: object, text: str) -> bool:
    try:
        parse(text)  # type: ignore[operator]
    except InvalidValue:
        return False
    return True


def test_every_struct_and_key_of_the_schema_is_described() -> None:
    for name, definition in topology_schema()["$defs"].items():
        assert definition.get("description"), name
        for key, described in definition.get("properties", {}).items():
            assert described.get("description"), f"{name}.{key}"
            assert json.dumps(described)
