"""docs/dependencies.md gives a reason for each dependency, and for nothing else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def required(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in requirements}


def explained(heading: str) -> set[str]:
    """Return the names in the first column of the table under a heading."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return set(rows[2:])


def test_every_dependency_has_its_reason_and_every_reason_its_dependency() -> None:
    assert explained("To run") == required(PROJECT["dependencies"])


def test_every_tool_has_its_reason_and_every_reason_its_tool() -> None:
    assert explained("To work on it (`dev`)") == required(PROJECT["optional-dependencies"]["dev"])


def test_every_dependency_has_a_lower_bound_and_aeron_an_exact_one() -> None:
    assert [text for text in PROJECT["dependencies"] if not re.search(r">=|==", text)] == []
    assert any(text.startswith("pyaeron==0.1.0") for text in PROJECT["dependencies"])


def test_everything_that_set_up_installs_has_a_tested_version() -> None:
    lines = (ROOT / "tools" / "tested-versions.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert [line for line in pinned if not re.fullmatch(r"[\w.-]+==[\w.+-]+", line)] == []
    names = {line.split("==")[0].lower().replace("_", "-") for line in pinned} | {"setuptools"}
    assert required([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]) - names == set()
