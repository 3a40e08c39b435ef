"""Files of a run: opened before, written after each scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actorbus.bench.outputs import Outputs
from actorbus.errors import UsageError
from tests.unit.bench.samples import report


def test_a_path_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none/b.json cannot be written"):
        Outputs(tmp_path / "none" / "b.json", None, None, scenarios=1, many=False)


def test_every_file_is_there_after_each_scenario(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("b.json", "b.html", "b.md")]
    outputs = Outputs(*paths, scenarios=2, many=True)
    outputs.write([])
    assert paths[0].read_text(encoding="utf-8") == ""
    outputs.write([report()])

    assert [each["scenario"] for each in json.loads(paths[0].read_text(encoding="utf-8"))] == ["latency"]
    assert "<svg" in paths[1].read_text(encoding="utf-8")
    assert "unfinished: 1 of 2 scenarios" in paths[2].read_text(encoding="utf-8")
    outputs.write([report(), report("soak")])
    assert len(json.loads(paths[0].read_text(encoding="utf-8"))) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.html", "b.json", "b.md"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    Outputs(tmp_path / "link.json", None, None, scenarios=1, many=False).write([report()])

    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text(encoding="utf-8"))["scenario"] == "latency"
