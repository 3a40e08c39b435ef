"""Problems for people: each with the line of the file it is in, and a caret under the place.

    topology.yaml:4:9: error[AB1101]: streams.bars.chanel: unknown key; did you mean 'channel'?
        4 |   bars: {chanel: "aeron:ipc", stream_id: 1001}
          |          ^

Rules of this file:
* A line with a secret (AB1601) is never shown, whatever else is wrong with it.
* What a file holds goes to a terminal: control characters are replaced, long lines are cut around the place.
* The file may have changed or gone since it was checked: then there is no excerpt.
"""

from __future__ import annotations

import shlex
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from actorbus.cli.colour import is_wanted, paint
from actorbus.errors import Problem

__all__ = ["problems_text", "tell_warnings"]

SECRET = "AB1601"  # noqa: S105 - the code of a problem, not a secret
SIZE_MAX = 128 * 1024
"""Bytes of a file that are looked at: the largest topology there is."""
WIDTH = 100
BEFORE = 60
"""Columns kept of a long line, and those of them before the place."""


def problems_text(problems: Iterable[Problem], *, colour: bool = False) -> list[str]:
    """Return each problem as it is printed: its line, then the excerpt when there is one."""
    listed = list(problems)
    hidden = {(problem.file, problem.line) for problem in listed if problem.code == SECRET}
    files: dict[str, list[str]] = {}
    return [_one(problem, hidden, files, colour) for problem in listed]


def tell_warnings(warnings: Sequence[Problem], file: str) -> None:
    """Say on stderr, in one line, that a topology has warnings: `actorbus check` shows them, a run repeats none."""
    if warnings:
        count = f"{len(warnings)} warning{'' if len(warnings) == 1 else 's'}"
        text = f"{paint(count, 'warning', colour=is_wanted(sys.stderr))} (actorbus check {shlex.quote(file)})"
        print(text, file=sys.stderr)


def _one(
    problem: Problem, hidden: set[tuple[str | None, int | None]], files: dict[str, list[str]], colour: bool
) -> str:
    text = problem.format_text()
    if colour:
        word = f"{problem.severity}[{problem.code}]"
        text = text.replace(word, paint(word, problem.severity, colour=True), 1)
    if problem.file is None or problem.line is None or (problem.file, problem.line) in hidden:
        return text
    if problem.file not in files:
        files[problem.file] = _lines(problem.file)
    lines = files[problem.file]
    if not 1 <= problem.line <= len(lines) or not lines[problem.line - 1].strip():
        return text
    shown, before = _cut(lines[problem.line - 1], (problem.column or 1) - 1)
    number = f"{problem.line:>5} | "
    caret = " " * (len(number) - 2) + "| " + " " * before + paint("^", "caret", colour=colour)
    return f"{text}\n{paint(number, 'quiet', colour=colour)}{shown}\n{caret}"


def _lines(file: str) -> list[str]:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(SIZE_MAX).decode("utf-8", "replace").split("\n")
    except OSError:
        return []


def _cut(line: str, column: int) -> tuple[str, int]:
    """Return what is shown of a line, and how many columns of a terminal lie before the place in it."""
    line = "".join(" " if character == "\t" else character if character.isprintable() else "?" for character in line)
    column = min(column, len(line))
    start = max(0, column - BEFORE) if len(line) > WIDTH else 0
    head, tail = ("..." if start else ""), ("..." if start + WIDTH < len(line) else "")
    before = head + line[start:column]
    return head + line[start : start + WIDTH] + tail, sum(_width(character) for character in before)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
