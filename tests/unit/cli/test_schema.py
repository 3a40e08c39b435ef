"""`actorbus schema` prints what is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "topology.schema.json"


def test_the_schema_is_printed_as_it_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["schema"]) == 0
    assert capsys.readouterr().out == SHIPPED.read_text(encoding="utf-8")


def test_it_can_be_written_beside_a_topology(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["schema", "--output", str(tmp_path / "topology.schema.json")]) == 0
    assert capsys.readouterr().out == "# yaml-language-server: $schema=./topology.schema.json\n"
    assert (tmp_path / "topology.schema.json").read_text(encoding="utf-8") == SHIPPED.read_text(encoding="utf-8")


def test_the_header_alone_names_the_shipped_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["schema", "--header"]) == 0
    line = capsys.readouterr().out.strip()
    assert Path(line.partition("$schema=")[2]).is_file()
