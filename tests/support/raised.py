"""What a function can raise, read from its source: its own `raise` statements, and those of what it calls.

A call is followed when its target can be told: a name of the function's module, or a method of `self`. The target's own
`Raises:` is believed where it has one; else its body is read in turn. What is caught around the call is taken out.
Errors that cross a thread or a process (an actor's answer) cannot be seen this way: docstrings may say more.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType

import actorbus.errors as errors

__all__ = ["declared", "raised_by"]

DEPTH = 4
OURS_ALWAYS = ("InternalError", "NotImplementedError")
"""Not asked for: a bug of ours, and a hook that a subclass must define."""
_Error = type[BaseException]


def declared(function: Callable[..., object]) -> set[_Error]:
    """Return the errors that a docstring has under `Raises:`."""
    section = (inspect.getdoc(function) or "").partition("Raises:")[2]
    names = set(re.findall(r"\b([A-Z]\w+)(?=[:,]| and\b| or\b)", section))
    return {found for name in names if (found := _class_of(name, {})) is not None}


def raised_by(function: Callable[..., object], owner: type | None = None, depth: int = DEPTH) -> set[_Error]:
    """Return the errors that `function`, a method of `owner` if there is one, raises or lets through."""
    tree = _tree(function)
    return set() if tree is None else set(_walk(tree.body, function, owner, depth, ()))


@functools.cache
def _tree(function: Callable[..., object]) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return None
    found = ast.parse(source).body[0]
    return found if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) else None


def _walk(
    nodes: list[ast.stmt] | list[ast.AST],
    function: Callable[..., object],
    owner: type | None,
    depth: int,
    caught: tuple[_Error, ...],
) -> Iterator[_Error]:
    for node in nodes:
        if isinstance(node, ast.Try):
            handled = [_named_error(name, function) for handler in node.handlers for name in _names(handler.type)]
            inner = (*caught, *(error for error in handled if error is not None))
            yield from _walk(node.body, function, owner, depth, inner)
            rest: list[ast.stmt] = [*node.orelse, *node.finalbody, *(s for h in node.handlers for s in h.body)]
            yield from _walk(rest, function, owner, depth, caught)
            continue
        for error in _of(node, function, owner, depth):
            if error.__name__ not in OURS_ALWAYS and not issubclass(error, caught):
                yield error
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _walk(list(ast.iter_child_nodes(node)), function, owner, depth, caught)


def _of(node: ast.AST, function: Callable[..., object], owner: type | None, depth: int) -> set[_Error]:
    """Return what a node itself raises: a raise statement, or a call of a function that can be told."""
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        found = _named_error(raised.id, function) if isinstance(raised, ast.Name) else None
        return {found} if found is not None else set()
    if not isinstance(node, ast.Call) or depth == 0:
        return set()
    target, target_owner = _target(node.func, function, owner)
    if target is None or not _is_ours(target.__module__, function.__module__):
        return set()
    return declared(target) or raised_by(target, target_owner, depth - 1)


def _is_ours(module: str, caller: str) -> bool:
    return module.partition(".")[0] == "actorbus" or module == caller


def _target(
    called: ast.expr, function: Callable[..., object], owner: type | None
) -> tuple[Callable[..., object] | None, type | None]:
    if isinstance(called, ast.Name):
        found = getattr(function, "__globals__", {}).get(called.id)
        return (found, None) if inspect.isfunction(found) else (None, None)
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        if called.value.id in ("self", "cls") and owner is not None:
            found = inspect.getattr_static(owner, called.attr, None)
            found = getattr(found, "__func__", found)
            return (found, owner) if inspect.isfunction(found) else (None, None)
        module = getattr(function, "__globals__", {}).get(called.value.id)
        found = getattr(module, called.attr, None) if isinstance(module, ModuleType) else None
        return (found, None) if inspect.isfunction(found) else (None, None)
    return (None, None)


def _names(caught: ast.expr | None) -> list[str]:
    if caught is None:
        return ["BaseException"]
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return [part.id for part in parts if isinstance(part, ast.Name)]


def _named_error(name: str, function: Callable[..., object]) -> _Error | None:
    return _class_of(name, getattr(function, "__globals__", {}))


def _class_of(name: str, known: dict[str, object]) -> _Error | None:
    found = known.get(name, getattr(errors, name, getattr(builtins, name, None)))
    return found if inspect.isclass(found) and issubclass(found, BaseException) else None
