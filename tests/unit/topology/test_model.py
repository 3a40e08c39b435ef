"""The Structs and the shipped example say the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

import actorbus as ab
from actorbus.topology import model
from actorbus.topology.model import Topology
from actorbus.topology.report import Report
from actorbus.topology.shape import decode
from actorbus.topology.yaml_reader import read_file

VALID = Path(__file__).resolve().parents[2] / "data" / "valid.yaml"
SPECS = [getattr(model, name) for name in model.__all__]


def test_a_file_with_every_default_written_out_is_the_topology_without_them() -> None:
    report = Report()
    tree = read_file(VALID, report, {})
    assert tree is not None

    topology = decode(tree, Topology, report)

    assert report.problems() == []
    assert topology.supervision == ab.SupervisionSpec()
    assert topology.streams["bars"].batch == ab.BatchSpec()
    assert topology.observability == ab.ObservabilitySpec()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)
def test_a_spec_is_frozen_takes_keywords_only_and_refuses_unknown_ones(spec: type[msgspec.Struct]) -> None:
    config = spec.__struct_config__

    assert config.frozen
    assert config.forbid_unknown_fields
    with pytest.raises(TypeError):
        spec("positional")
    with pytest.raises(TypeError):
        spec(no_such_key=1)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)
def test_every_key_is_described(spec: type[msgspec.Struct]) -> None:
    info = inspect.type_info(spec)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        assert isinstance(field.type, inspect.Metadata), field.name
        assert (field.type.extra_json_schema or {}).get("description"), f"{spec.__name__}.{field.name}"


def test_a_topology_is_written_in_python_as_in_a_file() -> None:
    topology = Topology(
        name="x",
        streams={"bars": ab.StreamSpec(stream_id=1, messages=[ab.Bar], channel={"media": "ipc"})},
        handlers={"count": ab.HandlerSpec(stream="bars", cls="count")},
    )

    assert topology.version == 1
    assert topology.handlers["count"].on_error == "quarantine"
