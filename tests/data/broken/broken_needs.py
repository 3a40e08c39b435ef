"""Needs a package that nobody has."""

from __future__ import annotations

import no_such_package_of_anybody  # noqa: F401  # pyright: ignore[reportMissingImports] - it is missing on purpose
