"""Colours only where they are wanted."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.cli.colour import is_wanted, paint

BROKEN = str(Path(__file__).resolve().parents[2] / "data" / "broken" / "09_missing_keys.yaml")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)  # fmt: skip
def test_a_terminal_has_them_unless_the_user_says_no(environment: dict[str, str], wanted: bool) -> None:
    assert is_wanted(Terminal(), environment) is wanted


def test_a_pipe_has_none() -> None:
    assert not is_wanted(io.StringIO(), {})


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_check_is_coloured_on_a_real_terminal_only_when_wanted(more: dict[str, str], coloured: bool) -> None:
    screen, terminal = pty.openpty()
    try:
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        subprocess.run(
            [sys.executable, "-m", "actorbus", "check", BROKEN],
            stdout=terminal,
            env={**environment, "TERM": "xterm", **more},
            timeout=60,
            check=False,
        )
        text = os.read(screen, 65536).decode()
    finally:
        os.close(screen)
        os.close(terminal)

    assert "AB1102" in text
    assert ("\x1b[" in text) is coloured


def test_paint_leaves_text_alone_without() -> None:
    assert paint("x", "error", colour=False) == "x"
    assert paint("x", "error", colour=True) == "\x1b[1;31mx\x1b[0m"
