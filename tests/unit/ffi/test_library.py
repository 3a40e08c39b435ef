from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.errors import UsageError
from actorbus.ffi.library import load, wheel_library

ROOT = Path(__file__).resolve().parents[3]


def in_a_fresh_process(program: str, **environment: str) -> str:
    """Run a program in a process that has loaded nothing; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from actorbus.ffi import *\n" + program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


CATCH = "try:\n  load({0})\nexcept Exception as error:\n  print(type(error).__name__, error)"


def test_a_library_is_found_and_says_what_it_is() -> None:
    versions = load()
    assert versions.aeron[0] == 1
    assert versions.aeron >= (1, 49, 0)
    assert ".".join(map(str, versions.aeron[:2])) in versions.text
    assert versions.has_driver


def test_a_second_load_returns_the_first() -> None:
    assert load() is load()
    assert load(load().library) is load()


def test_another_library_than_the_loaded_one_is_refused() -> None:
    load()
    with pytest.raises(UsageError, match="loaded already"):
        load("/no/such/libaeron.so")


def test_the_wheels_library_is_found_without_importing_it() -> None:
    found = wheel_library()
    assert found is not None
    assert found.is_file()
    assert in_a_fresh_process("import sys; wheel_library(); print('pyaeron' in sys.modules)") == "False"


def test_a_path_that_does_not_load_is_named() -> None:
    said = in_a_fresh_process(CATCH.format("'/no/such/libaeron.so'"))
    assert said.startswith("LibraryMissing")
    assert "/no/such/libaeron.so" in said
    assert "pip install pyaeron" in said


def test_a_library_that_is_not_aeron_is_named_with_its_first_missing_symbol() -> None:
    said = in_a_fresh_process(CATCH.format(""), ACTORBUS_AERON_LIBRARY="libm.so.6")
    assert "lacks aeron_version_full" in said


def test_the_environment_names_a_library() -> None:
    said = in_a_fresh_process("print(load().library)", ACTORBUS_AERON_LIBRARY=str(wheel_library()))
    assert said == str(wheel_library())


def test_the_environment_is_read_by_no_one_else() -> None:
    """AERON_* variables reach Aeron only when asked: not even the library's own search uses one."""
    assert in_a_fresh_process("print(load().has_driver)", AERON_DRIVER_DYNAMIC_LIBRARIES="/no/such/evil.so") == "True"
