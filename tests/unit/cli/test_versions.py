"""The versions of the parts."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from actorbus.cli import versions

ROOT = Path(__file__).resolve().parents[3]


def test_every_part_has_its_version() -> None:
    text = versions.version_text()
    assert text.startswith("actorbus ")
    assert all(part in text for part in versions.PARTS)
    assert "missing" not in text
    assert "aeron" in text


def test_a_part_that_is_not_there_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "PARTS", ("no-such-part",))
    assert "no-such-part missing" in versions.version_text()


def test_the_parts_are_those_that_a_run_needs() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower() for text in needed}
    assert {part.lower() for part in versions.PARTS} == names
