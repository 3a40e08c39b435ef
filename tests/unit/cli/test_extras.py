"""A missing package is one line with the exact command."""

from __future__ import annotations

import pytest

from actorbus.cli.exits import as_actorbus_error, exit_code_of
from actorbus.cli.extras import missing_package


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("pyarrow.parquet", "python -m pip install pyarrow"),
        ("click", "python -m pip install click"),
        ("ruamel.yaml", "python -m pip install ruamel.yaml"),
        ("some_thing", "python -m pip install some-thing"),
    ],
)
def test_the_command_names_the_package_itself_as_actorbus_is_not_on_pypi(module: str, command: str) -> None:
    error = missing_package(ModuleNotFoundError(f"No module named {module!r}", name=module))
    assert error.hint == command
    assert "\n" not in error.format_text()


def test_a_verb_that_meets_it_exits_with_3() -> None:
    error = as_actorbus_error(ModuleNotFoundError("No module named 'rich'", name="rich"))
    assert (error.code, exit_code_of(error)) == ("AB2216", 3)
