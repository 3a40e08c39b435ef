"""Finds the classes a topology names: of the shelf by entry point, the application's by `module:Class`.

Importing runs the application's code: `check` does it too, on the caller's thread, once a module. What that code raises
is told with its own file and line. The topology's folder is put first on `sys.path` by `first_on_path`, and stays
there, because handlers may import later.
"""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from actorbus.topology.report import one_of

__all__ = ["ClassFinder", "Lookup", "first_on_path", "shelf_classes"]

GROUP = "actorbus.handlers"
SHELF = "actorbus_handlers"
MODULES_LISTED_MAX = 200
FRAMES_SHOWN_MAX = 4
"""Places of the application's own traceback that are told, the innermost first."""


class Lookup(NamedTuple):
    """What was found: an object, or a problem's code, message and hint."""

    found: object | None
    code: str = ""
    message: str = ""
    hint: str | None = None


def first_on_path(folder: Path) -> None:
    """Put a folder first on `sys.path`, where modules of the topology are found."""
    text = str(folder)
    if sys.path[:1] != [text]:
        if text in sys.path:
            sys.path.remove(text)
        sys.path.insert(0, text)
        importlib.invalidate_caches()


def shelf_classes() -> dict[str, str]:
    """Return the shelf: name to `module:Class`, of every installed package that offers some.

    In a source tree that was not installed there are no entry points; then it is `actorbus_handlers` alone.
    """
    found = {entry.name: entry.value for entry in metadata.entry_points(group=GROUP)}
    if any(value.startswith(f"{SHELF}:") for value in found.values()):
        return dict(sorted(found.items()))
    try:
        shelf = importlib.import_module(SHELF)
    except ImportError:
        return found
    for name in getattr(shelf, "__all__", ()):
        found.setdefault(_snake(str(name)), f"{SHELF}:{name}")
    return dict(sorted(found.items()))


class ClassFinder:
    """Finds classes by a name of the shelf or `module:Class`; looks each up once, failures too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Lookup] = {}
        self._shelf: dict[str, str] | None = None

    def find(self, name: str) -> Lookup:
        """Return the class of a name, or what is wrong."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Lookup:
        if ":" in name:
            return _in_module(name, self._folder)
        if self._shelf is None:
            self._shelf = shelf_classes()
        if name not in self._shelf:
            hint = one_of(name, self._shelf, more="a class of your own is written module:Class")
            return Lookup(None, "AB1301", f"the shelf has no {name!r}", hint)
        return _in_module(self._shelf[name], self._folder)


def _in_module(name: str, folder: Path) -> Lookup:
    module_name, _, path = name.partition(":")
    module = _import(module_name, folder)
    if not isinstance(module, ModuleType):
        return module
    found: object = module
    for step in path.split("."):
        inner = getattr(found, step, None)
        if inner is None:
            classes = [key for key, value in vars(found).items() if isinstance(value, type) and not key.startswith("_")]
            where = f"module {module_name!r} ({getattr(module, '__file__', 'built in')})"
            return Lookup(None, "AB1303", f"{where} has no {step!r}", one_of(step, classes, none="it has no classes"))
        found = inner
    return Lookup(found)


def _import(name: str, folder: Path) -> ModuleType | Lookup:
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return Lookup(None, "AB1302", f"there is no module {error.name!r}", _module_hint(error.name, folder))
        return Lookup(None, "AB1302", _told(name, error), "install it, or correct the import")
    except BaseException as error:  # noqa: BLE001 - the application's code ran; whatever it raised is told
        hint = f"correct the module; `python -c 'import {name}'` shows the whole traceback"
        return Lookup(None, "AB1302", _told(name, error), hint)


def _module_hint(name: str, folder: Path) -> str:
    beside = sorted(file.stem for file in folder.glob("*.py"))[:MODULES_LISTED_MAX] if folder.is_dir() else []
    near = one_of(name, beside, none="no module lies there")
    return f"looked in {str(folder)!r} first ({near}), then along sys.path; --app-dir names another folder"


def _told(name: str, error: BaseException) -> str:
    """Return what the module raised and where, in the application's own terms."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"module {name!r} cannot be imported: {error.filename}:{error.lineno}: SyntaxError: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__]
    way = [f"{frame.filename}:{frame.lineno}" for frame in reversed(own)]
    where = f"{', called from '.join(way[:FRAMES_SHOWN_MAX])}: " if own else ""
    said = str(error) or "no text"
    return f"module {name!r} cannot be imported: {where}{type(error).__name__}: {said}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
