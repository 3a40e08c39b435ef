"""Checks `options` against the annotations of the class's `__init__`, each value with its line and column.

Values are converted as msgspec converts: no text becomes a number. Two comforts: an annotation `Path` takes a text,
relative to the topology's folder; a whole number fits `float`. A parameter without an annotation takes anything.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import typing
from pathlib import Path as FilePath
from typing import Any, cast

import msgspec

from actorbus.topology.report import Report, one_of
from actorbus.topology.shape import MISSING, decode_as
from actorbus.topology.tree import Path, Tree

__all__ = ["check_options"]

VALUE_SHOWN_MAX = 80


def check_options(cls: type[object], options: Tree, report: Report, path: Path, folder: FilePath) -> dict[str, object]:
    """Return the keyword arguments for `cls(**options)`; what does not fit is reported at its place."""
    given = options.mapping or {}
    parameters = _parameters(cls)
    if parameters is None:
        return {name: tree.to_python() for name, tree in given.items()}
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    named = {
        parameter.name: parameter
        for parameter in parameters
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }
    annotations = _annotations(cls)
    found: dict[str, object] = {}
    for name, tree in given.items():
        if name not in named:
            if takes_all:
                found[name] = tree.to_python()
            else:
                hint = one_of(name, named, none="it takes no options")
                report.add(
                    "AB1305",
                    f"{cls.__qualname__} takes no option {name!r}",
                    path=(*path, name),
                    key=True,
                    value=name,
                    hint=hint,
                )
            continue
        value = _fit(tree, annotations.get(name, Any), report, (*path, name), folder)
        if value is not MISSING:
            found[name] = value
    for name, parameter in named.items():
        if parameter.default is parameter.empty and name not in given:
            where = path if report.root.at(path) is not None and given else path[:-1]
            report.add(
                "AB1306",
                f"{cls.__qualname__} needs option {name!r}",
                path=where,
                key=True,
                hint=f"add `options: {{{name}: ...}}`",
            )
    return found


def _parameters(cls: type[object]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(cls).parameters.values())
    except (TypeError, ValueError):
        return None  # a class made in C without a signature: its own __init__ will say


def _annotations(cls: type[object]) -> dict[str, Any]:
    """Return the evaluated annotations of `__init__`; one that cannot be evaluated counts as none."""
    init = cast("Any", cls).__init__
    with contextlib.suppress(Exception):
        return typing.get_type_hints(init)
    # One of them cannot be evaluated (a name imported under TYPE_CHECKING, say): evaluate them one by one.
    module = sys.modules.get(getattr(init, "__module__", ""), None)
    found: dict[str, Any] = {}
    for name, text in getattr(init, "__annotations__", {}).items():
        try:
            found[name] = typing.get_type_hints(_Holder.of(name, text), vars(module) if module else None)[name]
        except Exception:  # noqa: BLE001, S112 - as above
            continue
    return found


class _Holder:
    """Something with one annotation, for `get_type_hints`."""

    @classmethod
    def of(cls, name: str, annotation: object) -> type:
        return type("Holder", (), {"__annotations__": {name: annotation}})


def _fit(tree: Tree, annotation: Any, report: Report, path: Path, folder: FilePath) -> object:
    if annotation is Any or annotation is object:
        return tree.to_python()
    wants_path = annotation is FilePath or FilePath in typing.get_args(annotation)
    if wants_path and isinstance(tree.value, str):
        return folder / tree.value
    trial = Report(report.file)
    trial.root = report.root
    try:
        value = decode_as(tree, msgspec.inspect.type_info(annotation), trial, path)
    except TypeError:
        value = tree.to_python()  # not a type msgspec knows (a protocol, a callable): isinstance is all there is
        if isinstance(annotation, type) and not isinstance(value, annotation):
            hint = "give it from Python, or annotate it with a plain type"
            report.add("AB1307", f"expected {annotation.__qualname__}, got {tree.shown()}", path=path, hint=hint)
            return MISSING
        return value
    if trial.has_errors or value is MISSING:
        for problem in trial.problems():
            report.add_as("AB1307", problem)
        report.mark_broken(path)
        return MISSING
    try:
        return msgspec.convert(tree.to_python(), annotation)
    except (msgspec.ValidationError, TypeError) as error:
        said = f"{_shown(tree)} does not fit {_words(annotation)}: {str(error).replace('`', chr(39))}"
        report.add("AB1307", said, path=path, hint="write what the annotation takes, or correct the annotation")
        return MISSING


def _shown(tree: Tree) -> str:
    """Return the value, lists and mappings too, cut where it is long."""
    text = str(tree.to_python())
    return text if len(text) <= VALUE_SHOWN_MAX else f"{text[:VALUE_SHOWN_MAX]}..."


def _words(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
