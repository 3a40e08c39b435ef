"""A missing package is one line with the exact command."""

from __future__ import annotations

from importlib import metadata

import pytest

from actorbus.cli.exits import as_actorbus_error, exit_code_of
from actorbus.cli.extras import missing_package

REQUIRED = ["click>=8.1", "ruamel.yaml>=0.18", 'mkdocs>=1.6; extra == "dev"', 'mkdocs>=1.6; extra == "docs"']


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("mkdocs.utils", "python -m pip install 'actorbus[docs]'"),
        ("click", "python -m pip install --force-reinstall actorbus"),
        ("ruamel.yaml", "python -m pip install --force-reinstall actorbus"),
        ("some_thing", "python -m pip install some-thing"),
    ],
)
def test_the_command_brings_what_is_missing(module: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _name: REQUIRED)
    error = missing_package(ModuleNotFoundError(f"No module named {module!r}", name=module))
    assert error.hint == command
    assert "\n" not in error.format_text()


def test_a_source_tree_without_metadata_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> list[str]:
        raise metadata.PackageNotFoundError("actorbus")

    monkeypatch.setattr(metadata, "requires", missing)
    assert missing_package(ModuleNotFoundError("x", name="x")).hint == "python -m pip install x"


def test_a_verb_that_meets_it_exits_with_3() -> None:
    error = as_actorbus_error(ModuleNotFoundError("No module named 'rich'", name="rich"))
    assert (error.code, exit_code_of(error)) == ("AB2216", 3)
