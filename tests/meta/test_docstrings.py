"""Every public name, and every public method of a public class, says what it is."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import actorbus as ab


def silent() -> Iterator[str]:
    """Yield what has no docstring of its own or inherited one."""
    for name in ab.__all__:
        value: object = getattr(ab, name)
        if not (inspect.isclass(value) or callable(value)):
            continue
        if not (value.__doc__ or "").strip():
            yield name
        if inspect.isclass(value):
            for member_name, member in vars(value).items():
                function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
                is_told = inspect.isfunction(function) or isinstance(function, property)
                if is_told and not member_name.startswith("_") and not (inspect.getdoc(function) or "").strip():
                    yield f"{name}.{member_name}"


def test_every_public_name_and_method_has_a_docstring() -> None:
    assert list(silent()) == []
