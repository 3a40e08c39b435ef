"""Where a run's figures go: JSON, a page of drawings, Markdown. An hour's run loses nothing.

* Every file is opened before anything is measured: a path that cannot be written ends the run at once.
* Everything is written anew after each scenario, and when Ctrl-C or an error ends the run: into a file beside, which
  then takes the name, so that a reader never sees half a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from actorbus.bench import digest, page
from actorbus.bench.record import Report
from actorbus.errors import UsageError

__all__ = ["Outputs"]


class Outputs:
    """The files of a run; each may be None."""

    def __init__(
        self, json_file: Path | None, html_file: Path | None, markdown_file: Path | None, *, scenarios: int, many: bool
    ) -> None:
        """Open all of them.

        Args:
            json_file: for the figures.
            html_file: for the drawings.
            markdown_file: for the tables.
            scenarios: how many reports there will be.
            many: JSON is a list of reports, also of one.

        Raises:
            UsageError: one cannot be written; names it.
        """
        self._many = many

        def as_markdown(reports: Sequence[Report]) -> str:
            return digest.markdown(reports, of=scenarios)

        wanted: list[tuple[Path | None, Callable[[Sequence[Report]], str]]] = [
            (json_file, self._json), (html_file, page.html), (markdown_file, as_markdown),
        ]  # fmt: skip
        self._files = [(path, make) for path, make in wanted if path is not None]
        for path, _ in self._files:
            try:
                with path.open("a", encoding="utf-8"):
                    pass
            except OSError as error:
                raise UsageError(f"{path} cannot be written", why=error.strerror) from error

    def _json(self, reports: Sequence[Report]) -> str:
        values = [msgspec.to_builtins(report) for report in reports]
        return json.dumps(values if self._many else values[0], indent=1) + "\n"

    def write(self, reports: Sequence[Report]) -> None:
        """Write all files anew; of no reports nothing."""
        if not reports:
            return
        for path, make in self._files:
            text = make(reports)
            if path.is_file() and not path.is_symlink():
                beside = path.with_name(f".{path.name}.new")
                beside.write_text(text, encoding="utf-8")
                beside.replace(path)
            else:
                path.write_text(text, encoding="utf-8")
