"""Collects problems, all of them, each with its place. Not thread-safe: one report a check."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import msgspec

from actorbus.errors import Problem
from actorbus.topology.codes import CATALOGUE, is_warning
from actorbus.topology.tree import Path, Place, Tree, path_text

__all__ = ["Report", "TooManyProblems", "nearest_name", "one_of"]

NAMES_SHOWN_MAX = 12
PROBLEMS_MAX = 1000
"""Then the check ends: a hostile file must not fill time and memory with complaints."""
MESSAGE_MAX = 600
VALUE_MAX = 120
"""Characters kept of a text that may hold parts of the file."""


class TooManyProblems(Exception):
    """The report is full; what was found so far stands in it."""


class Report:
    """Problems of one topology in the making."""

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self.root = Tree({})
        self._broken: set[Path] = set()
        self._problems: list[Problem] = []

    def add(
        self,
        code: str,
        message: str,
        *,
        path: Path = (),
        place: Place | None = None,
        key: bool = False,
        value: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Add a problem.

        Args:
            code: of the catalogue; decides between error and warning.
            message: what and why, with the bound.
            path: where in the topology; the place is that of the value there, or of its key with `key=True`.
            place: overrides the place found by the path.
            value: as it was written; found by the path when it is a scalar.
            hint: what to do next.

        Raises:
            TooManyProblems: this one filled the report.
        """
        assert code in CATALOGUE, code
        node = self.root.nearest(path)
        exact = self.root.at(path)
        if place is None:
            place = node.key_place if key or exact is None else node.place
        if value is None and not key and exact is not None and exact.mapping is None and exact.sequence is None:
            value = exact.shown()
        if not is_warning(code):
            self.mark_broken(path)
        self._keep(
            Problem(
                code=code,
                message=_cut(message, MESSAGE_MAX),
                severity="warning" if is_warning(code) else "error",
                file=self.file,
                line=place.line,
                column=place.column,
                path=path_text(path) or None,
                value=None if value is None else _cut(value, VALUE_MAX),
                hint=hint,
            )
        )

    def _keep(self, problem: Problem) -> None:
        self._problems.append(problem)
        if len(self._problems) == PROBLEMS_MAX:
            told = f"the check ended after {PROBLEMS_MAX} problems"
            self._problems.append(
                Problem(code="AB1000", message=told, file=self.file, hint="correct those listed first")
            )
            raise TooManyProblems

    def add_as(self, code: str, problem: Problem) -> None:
        """Add a problem of another report under this code, at its own place."""
        self._keep(msgspec.structs.replace(problem, code=code))

    def is_broken(self, *path: str | int) -> bool:
        """Whether this value, or something inside it, already has a problem."""
        return path in self._broken

    def mark_broken(self, path: Path) -> None:
        """Note that a value has a problem: what depends on it, or holds it, is not reported a second time."""
        self._broken.update(path[:length] for length in range(1, len(path) + 1))

    @property
    def has_errors(self) -> bool:
        """Whether something was found that stops a start."""
        return any(problem.is_error for problem in self._problems)

    def problems(self) -> list[Problem]:
        """Return all, in the order of the file, each once."""
        unique = dict.fromkeys(self._problems)
        return sorted(unique, key=_place_in_file)


def _place_in_file(problem: Problem) -> tuple[bool, int, int, str]:
    """Sort by place; what is about the check itself comes last."""
    return problem.code == "AB1000", problem.line or 0, problem.column or 0, problem.code


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def nearest_name(given: str, names: Iterable[str]) -> str | None:
    """Return the known name a misspelt one most likely means."""
    known = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(given.casefold(), known, n=1, cutoff=0.6)
    return known[close[0]] if close else None


def one_of(given: str, names: Iterable[str], *, none: str = "there is none", more: str = "") -> str:
    """Return a hint: the nearest right name, or the names there are; `more` is a further way."""
    known = list(names)
    if (near := nearest_name(given, known)) is not None:
        return f"did you mean {near!r}?" + (f" {more[0].upper()}{more[1:]}" if more else "")
    shown = ", ".join(known[:NAMES_SHOWN_MAX])
    listed = f"there is: {shown}{', ...' if len(known) > NAMES_SHOWN_MAX else ''}" if known else none
    return f"{listed}; {more}" if more else listed
