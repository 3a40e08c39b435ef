"""The lazy half of `actorbus/__init__.py`: what it imports when read is what its type-checking imports say."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

import actorbus

ROOT = Path(__file__).resolve().parents[2]


def type_checking_imports() -> dict[str, str]:
    tree = ast.parse((ROOT / "actorbus" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: node.module or "" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_lazy_names_are_the_names_that_type_checkers_see() -> None:
    assert type_checking_imports() == actorbus._LAZY


def test_the_version_is_that_of_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert actorbus.__version__ == project["version"]


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Qoute'"):
        _ = actorbus.Qoute


def test_dir_lists_names_that_were_not_imported_yet() -> None:
    assert set(actorbus.__all__) <= set(dir(actorbus))
