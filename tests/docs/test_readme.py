"""What the README says of the source; its part for users is done word for word by tests/system/test_wheel.py."""

from __future__ import annotations

import re

from tests.docs.shell import ROOT, snippets

README = ROOT / "README.md"
FILES = {snippet.name: snippet.text for snippet in snippets(README) if snippet.name}


def test_its_example_is_about_thirty_lines() -> None:
    lines = [line for name in ("watch.py", "watch.yaml") for line in FILES[name].splitlines() if line.strip()]
    assert len(lines) <= 30


def test_the_make_targets_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^\$ |`)make ([a-z-]+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert named >= {"demo", "test", "build", "docs", "help"}
    assert [target for target in named if f"\n{target}: " not in makefile] == []


def test_the_files_and_templates_it_names_exist() -> None:
    text = README.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:docs|examples|config)/[\w./-]*|[A-Z]+\.md)`", text):
        assert (ROOT / path).exists(), path
    for name in ("market-data", "orders", "fastapi", "notebook"):
        assert name in text
        assert (ROOT / "config" / "templates" / name).is_dir()
