"""What the README says of a clone; its part for users is done word for word by tests/system/test_wheel.py."""

from __future__ import annotations

import re
from pathlib import Path

from actorbus.topology.later import LATER
from tests.docs.pages import commands
from tests.docs.shell import ROOT, run, snippets

README = ROOT / "README.md"
FILES = {snippet.name: snippet.text for snippet in snippets(README) if snippet.name}


def test_its_example_is_about_thirty_lines() -> None:
    lines = [line for name in ("watch.py", "watch.yaml") for line in FILES[name].splitlines() if line.strip()]
    assert len(lines) <= 30


def test_its_first_program_prints_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(FILES["hello.py"], encoding="utf-8")
    (first,) = [one for block in snippets(README) for one in commands(block) if one.text == "python hello.py"]
    assert run(["python", "hello.py"], tmp_path).stdout.splitlines() == first.promised


def test_what_it_has_to_say_of_features_is_in_the_table_of_those_to_come() -> None:
    """It said for weeks that recording was not built: what it calls "not yet" is what `check` refuses, and no more."""
    said = README.read_text(encoding="utf-8").split("**Not yet:**")[1].split("\n\n")[0]
    words = {
        "streams.*.codec.format": "Protocol Buffers",
        "streams.*.codec.compression": "compression",
        "streams.*.codec.security": "encryption",
        "handlers.*.dispatch": "dispatch: process",
        "recorders.*.backend": "Aeron Archive",
        "observability.http": "metrics over HTTP",
        "security.*": "signatures",
    }
    assert words.keys() == {row.where for row in LATER}
    assert [word for word in words.values() if word not in said] == []


def test_the_make_targets_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^\$ |`)make ([a-z-]+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert named >= {"setup", "demo", "test", "build", "docs", "help"}
    assert [target for target in named if f"\n{target}: " not in makefile] == []


def test_the_files_and_templates_it_names_exist() -> None:
    text = README.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:docs|examples|config)/[\w./-]*|[A-Z]+\.md)`", text):
        assert (ROOT / path).exists(), path
    for name in ("market-data", "orders", "fastapi", "notebook"):
        assert name in text
        assert (ROOT / "config" / "templates" / name).is_dir()
