"""Expands `${NAME}` and `${NAME:-default}` in the texts of a topology; `$${` writes a literal `${`.

The text is expanded after the YAML was read, so what a variable holds can never become keys, lists or tags. A variable
that is set but empty counts as not set for `:-`, as in a shell. A default holds no
`${` itself: its end is looked for no further than to the next one, so that no text takes more than one pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["expand", "is_variable"]

_FORM = re.compile(
    r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:[^}$]|\$(?!\{))*))?\}|(?P<broken>\$\{)"
)


def expand(text: str, env: Mapping[str, str], complain: Callable[[str, str, str], None]) -> str:
    """Return the text with every form replaced.

    Args:
        complain: called with code, message and hint for a variable that is not set and for a form that is none.
    """
    if "${" not in text:
        return text

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        if match["broken"]:
            complain(
                "AB1009",
                f"{match.string[:60]!r} has a ${{ that is no variable",
                "write ${NAME} or ${NAME:-default}; $${ for a plain ${",
            )
            return ""
        name, default = match["name"], match["default"]
        value = env.get(name)
        if value or (value is not None and default is None):
            return value
        if default is not None:
            return default
        complain("AB1008", f"environment variable {name} is not set", f"set it, or give a default: ${{{name}:-...}}")
        return ""

    return _FORM.sub(replace, text)


def is_variable(text: str) -> bool:
    """Return whether a text is one `${NAME}`, with or without a default, and nothing beside it."""
    found = _FORM.fullmatch(text)
    return found is not None and found["name"] is not None
