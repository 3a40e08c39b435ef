"""The wheel is whole, and enough: the README's part for users holds where there is nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs.transcript import matches, users_part
from tests.support.wheels import Bare, built, interpreters
from tests.system import wheel as system

# The first test builds the wheel and installs it, with all it needs from the registry.
pytestmark = pytest.mark.timeout(400)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """The README's part for users, done word for word: fails when a word of it does not hold."""
    python = interpreters()[f"3.{sys.version_info.minor}"]
    return system.installed(tmp_path_factory.mktemp("bare"), python)[0]


def test_the_readme_holds_word_for_word_with_only_the_wheel(installed: Bare) -> None:
    assert (installed.folder / "env" / "bin" / "actorbus").is_file()


def test_every_public_name_and_data_file_is_there(installed: Bare) -> None:
    assert "names" in system.names_hold(installed)


def test_every_verb_has_its_help(installed: Bare) -> None:
    assert "verbs" in system.verbs_explain(installed)


def test_every_template_runs(installed: Bare) -> None:
    assert system.templates_run(installed)


def test_the_wheel_is_one_for_every_cpython_and_names_the_c_library_it_needs() -> None:
    tags = system.metadata("WHEEL").get_all("Tag")
    assert tags is not None
    assert [tag.split("-")[:2] for tag in tags] == [["cp312", "abi3"]]
    assert tags[0].split("-")[2].startswith("manylinux_2_")
    assert f"-{tags[0]}.whl" in built().wheel.name


def test_the_wheel_holds_the_package_its_data_and_nothing_else() -> None:
    files = system.contents()
    config = {f"actorbus/_config/{path.relative_to(ROOT / 'config')}" for path in (ROOT / "config").rglob("*.*")}
    assert {path for path in config if "__pycache__" not in path} <= files
    assert {"actorbus/py.typed", "actorbus_handlers/py.typed", "actorbus/_native.pyi"} <= files
    assert {path.split("/")[0] for path in files if ".dist-info" not in path} == {"actorbus", "actorbus_handlers"}
    assert [path for path in files if path.endswith((".c", ".h", ".o", ".pyc")) or "test_" in path] == []
    python = {path.relative_to(ROOT).as_posix() for path in (ROOT / "actorbus").rglob("*.py")}
    assert {path for path in files if path.endswith(".py") and path.startswith("actorbus/")} >= python


def test_the_metadata_is_whole() -> None:
    known = system.metadata("METADATA")
    assert known["Requires-Python"] == ">=3.12"
    assert known["License-Expression"] == "Apache-2.0"
    assert known["License-File"] == "LICENSE"
    assert known["Description-Content-Type"] == "text/markdown"
    assert set(known.get_all("Provides-Extra") or []) >= {"dev", "docs", "bench"}
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (12, 13)} <= {*known.get_all("Classifier", [])}
    assert known.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_module_has_no_path_of_the_machine_it_was_linked_on(installed: Bare) -> None:
    (module,) = installed.folder.glob("env/lib/python3.*/site-packages/actorbus/_native.abi3.so")
    assert f"{sys.base_prefix}/lib\0".encode() not in module.read_bytes()


def test_the_source_package_holds_what_a_build_and_its_tests_need() -> None:
    files = system.source_contents()
    assert {"setup.py", "pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile"} <= files
    assert {
        "native/build_native.py",
        "native/ab.h",
        "config/errors.toml",
        "tests/conftest.py",
        "docs/index.md",
    } <= files
    assert [path for path in files if path.endswith((".so", ".o", ".pyc"))] == []


def test_the_convention_of_the_transcript() -> None:
    assert matches(["a … c", "…", "z"], ["a b c", "1", "2", "z"])
    assert matches([], [])
    assert matches(["…"], [])
    assert not matches([], ["something"])
    assert not matches(["a"], ["a", "more"])
    assert not matches(["a … c"], ["a b d"])


def test_the_part_for_users_needs_no_source() -> None:
    text = "".join(block.text for block in users_part())
    assert [line for line in text.splitlines() if line.startswith("$ make")] == []
    assert {"watch.py", "watch.yaml"} == {block.name for block in users_part() if block.name}
