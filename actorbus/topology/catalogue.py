"""The catalogue of errors: what every code means, an example that raises it, how to fix it.

The text is data, `config/errors.toml`, shipped with the wheel; `actorbus explain` prints it and tools/make_reference.py
makes the pages docs/errors/*.md of it. A test holds that every code that is raised has an entry, and the reverse.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from actorbus.topology.codes import is_warning
from actorbus.topology.profiles import config_directory

__all__ = ["Entry", "entries"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One code of the catalogue. Exactly one of `yaml`, `python` and `situation` is given."""

    code: str
    title: str
    """A few words, without a full stop."""
    means: str
    fix: str
    yaml: str | None = None
    """A topology whose check tells the code."""
    app: str | None = None
    """The module `app.py` beside that topology."""
    python: str | None = None
    """A program that raises the error."""
    situation: str | None = None
    """What leads to it, in words."""

    @property
    def kind(self) -> Literal["error", "warning"]:
        """Whether it stops a start."""
        return "warning" if is_warning(self.code) else "error"

    def format_text(self) -> str:
        """Return the entry as `actorbus explain` prints it."""
        parts = [f"{self.kind}[{self.code}]: {self.title}", self.means]
        if self.app is not None:
            parts.append(f"Example, app.py:\n\n{_indented(self.app)}")
        for what, text in (("YAML", self.yaml), ("Python", self.python)):
            if text is not None:
                parts.append(f"Example, {what}:\n\n{_indented(text)}")
        if self.situation is not None:
            parts.append(f"Example: {self.situation}")
        return "\n\n".join([*parts, f"What to do: {self.fix}"])


@functools.cache
def entries() -> Mapping[str, Entry]:
    """Return every entry by its code, in order of codes.

    Raises:
        msgspec.ValidationError: the data file is not as this module expects it: the installation is broken.
    """
    rows = tomllib.loads((config_directory() / "errors.toml").read_text(encoding="utf-8"))
    found = {code: msgspec.convert({"code": code, **rows[code]}, Entry) for code in sorted(rows)}
    return MappingProxyType(found)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").splitlines())
