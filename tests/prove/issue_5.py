"""Issue 5: declared and explained (topologies, command line, documents). CI runs the small versions."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.prove import Failed
from tests.prove.diagnostics import line_1
from tests.prove.documents import line_5, line_6

__all__ = ["line_1", "line_2", "line_3", "line_5", "line_6"]


def line_2() -> str:
    """Validate, complete and explain the shipped topologies in yaml-language-server, with our schema."""
    from tests.support.language_server import missing
    from tests.system.editor import in_an_editor

    if (why := missing()) is not None:
        raise Failed(why)
    with tempfile.TemporaryDirectory() as folder:
        return in_an_editor(Path(folder))


def line_3() -> str:
    """Do the README's part for users with only the wheel, on each CPython here; then names, verbs, templates, tests."""
    from tests.support.wheels import built, interpreters
    from tests.system import wheel

    told: list[str] = []
    found = interpreters()
    if set(found) < {"3.12", "3.13"}:
        raise Failed(f"needs CPython 3.12 and 3.13, here is {', '.join(found)}")
    for version, python in found.items():
        with tempfile.TemporaryDirectory() as place:
            environment, commands = wheel.installed(Path(place), python)
            rest = [wheel.names_hold(environment), wheel.verbs_explain(environment), wheel.templates_run(environment)]
            rest.append(wheel.unit_tests_pass(environment))
            told.append(f"{version}: {commands} commands word for word, {', '.join(rest)}")
    return f"{built().wheel.name}: {'; '.join(told)}"


def line_4() -> str:
    """Try every verb in pipes, without extras, in a terminal, with NO_COLOR, with Ctrl-C; complete words in bash."""
    from tests.prove.command_line import line_4

    return line_4()


def line_7() -> str:
    """Import actorbus 20 times beside asyncio."""
    from tests.prove.command_line import line_7

    return line_7()
