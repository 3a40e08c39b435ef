"""Collects problems, all of them, each with its place. Not thread-safe: one report a check."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import msgspec

from actorbus.errors import Problem
from actorbus.topology.codes import CATALOGUE, is_warning
from actorbus.topology.tree import Path, Place, Tree, path_text

__all__ = ["Report", "nearest_name", "one_of"]

NAMES_SHOWN_MAX = 12


class Report:
    """Problems of one topology in the making."""

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self.root = Tree({})
        self.broken: set[Path] = set()
        """Paths that already have a problem: what depends on them is not reported a second time."""
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
        """
        assert code in CATALOGUE, code
        node = self.root.nearest(path)
        exact = self.root.at(path)
        if place is None:
            place = node.key_place if key or exact is None else node.place
        if value is None and not key and exact is not None and exact.mapping is None and exact.sequence is None:
            value = exact.shown()
        self.broken.add(path)
        self._problems.append(
            Problem(
                code=code,
                message=message,
                severity="warning" if is_warning(code) else "error",
                file=self.file,
                line=place.line,
                column=place.column,
                path=path_text(path) or None,
                value=value,
                hint=hint,
            )
        )

    def add_as(self, code: str, problem: Problem) -> None:
        """Add a problem of another report under this code, at its own place."""
        self._problems.append(msgspec.structs.replace(problem, code=code))

    def is_broken(self, *path: str | int) -> bool:
        """Whether this value, or something inside it, already has a problem."""
        return any(known[: len(path)] == path for known in self.broken)

    @property
    def has_errors(self) -> bool:
        """Whether something was found that stops a start."""
        return any(problem.is_error for problem in self._problems)

    def problems(self) -> list[Problem]:
        """Return all, in the order of the file, each once."""
        unique = dict.fromkeys(self._problems)
        return sorted(unique, key=lambda problem: (problem.line or 0, problem.column or 0, problem.code))


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
