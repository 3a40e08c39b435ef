"""A package that is missing: one line that says which command brings it.

The command names the package itself and never `actorbus[extra]`: actorbus is not on PyPI yet, so pip would look for
somebody else's package of that name.
"""

from __future__ import annotations

from actorbus.errors import LibraryMissing

__all__ = ["missing_package"]

DISTRIBUTIONS = {"ruamel": "ruamel.yaml", "hdrh": "hdrhistogram"}
"""Where the module is not named as its package."""


def missing_package(error: ModuleNotFoundError) -> LibraryMissing:
    """Return the error that tells which command installs what could not be imported."""
    module = (error.name or str(error)).partition(".")[0]
    package = DISTRIBUTIONS.get(module, module)
    command = f"python -m pip install {package.replace('_', '-')}"
    return LibraryMissing(f"the package {package!r} is not installed", hint=command)
