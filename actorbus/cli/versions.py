"""The versions of actorbus and of the parts it stands on: what a report of a problem begins with."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Final

from actorbus.errors import ActorBusError

__all__ = ["PARTS", "aeron_version", "own_version", "version_text"]

PARTS: Final = (
    "pyaeron", "cffi", "click", "jsonschema-rs", "msgspec", "Pykka", "ruamel.yaml", "structlog",
)  # fmt: skip
"""What pyproject.toml says that a run needs; tests/unit/cli/test_versions.py compares."""


def own_version() -> str:
    """Return the version of the installed package, or of the source tree."""
    try:
        return metadata.version("actorbus")
    except metadata.PackageNotFoundError:
        return "from a source tree"


def aeron_version() -> str:
    """Return Aeron's own version text, or why there is none."""
    try:
        from actorbus.ffi import load

        return load().text
    except (ActorBusError, ImportError) as error:
        return f"not available: {error}"


def version_text() -> str:
    """Return what `actorbus --version` prints: one line for us, one for the parts."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    parts = ", ".join(f"{part} {_version(part)}" for part in PARTS)
    return f"actorbus {own_version()}, {python}, {aeron_version()}\nwith {parts}"


def _version(part: str) -> str:
    try:
        return metadata.version(part)
    except metadata.PackageNotFoundError:
        return "missing"
