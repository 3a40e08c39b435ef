"""A package that is missing: one line that says which command brings it.

Which extra brings what is read from the metadata of the installed actorbus, so there is no table to keep.
"""

from __future__ import annotations

import re
from importlib import metadata

from actorbus.errors import LibraryMissing

__all__ = ["missing_package"]

DISTRIBUTIONS = {"ruamel": "ruamel.yaml", "pykka": "pykka", "hdrh": "hdrhistogram"}
"""Where the module is not named as its package."""


def missing_package(error: ModuleNotFoundError) -> LibraryMissing:
    """Return the error that tells which command installs what could not be imported."""
    module = (error.name or str(error)).partition(".")[0]
    package = DISTRIBUTIONS.get(module, module)
    extra = _extra_of(package)
    if extra is None:
        command = f"python -m pip install {package.replace('_', '-')}"
    elif extra:
        command = f"python -m pip install 'actorbus[{extra}]'"
    else:
        command = "python -m pip install --force-reinstall actorbus"
    return LibraryMissing(f"the package {package!r} is not installed", hint=command)


def _extra_of(package: str) -> str | None:
    """Return the extra that brings a package, empty for one that actorbus always needs, None for another's."""
    try:
        requirements = metadata.requires("actorbus") or []
    except metadata.PackageNotFoundError:
        return None
    wanted = _plain(package)
    extras: list[str] = []
    for text in requirements:
        name = re.match(r"[\w.-]+", text)
        if name is None or _plain(name[0]) != wanted:
            continue
        extra = re.search(r"""extra == ['"]([\w-]+)['"]""", text)
        if extra is None:
            return ""
        extras.append(extra[1])
    # `dev` brings everything; who uses a verb wants the extra of that verb.
    return next((extra for extra in extras if extra != "dev"), extras[0] if extras else None)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
