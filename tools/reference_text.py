"""What the makers of reference pages share: tables of Markdown, and what docstrings say. Pure functions."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterable, Mapping

__all__ = ["annotated_fields", "cell", "first_paragraph", "option_texts", "table"]


def cell(text: object) -> str:
    """Return a text as a cell of a table: one line, nothing in it that Markdown or HTML would take for its own."""
    return " ".join(str(text).replace("|", "\\|").replace("<", "&lt;").replace("``", "`").split())


def table(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Return a table."""
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += ["| " + " | ".join(cell(one) for one in row) + " |" for row in rows]
    return "\n".join(lines)


def first_paragraph(value: object) -> str:
    """Return the first paragraph of a docstring."""
    return (inspect.getdoc(value) or "").strip().split("\n\n")[0]


def annotated_fields(cls: type) -> dict[str, str]:
    """Return the fields of a class with the text under each, empty where there is none."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found: dict[str, str] = {}
    for field, text in itertools.pairwise([*body, ast.Pass()]):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            said = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
            found[field.target.id] = str(ast.literal_eval(text.value)) if said else ""
    return found


def option_texts(docstring: str) -> Mapping[str, str]:
    """Return what a docstring has under `Options`, by name; `a, b: text` counts for both."""
    section = re.split(r"^Options\b.*:$", docstring, maxsplit=1, flags=re.MULTILINE)
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section[1].splitlines() if len(section) > 1 else ():
        begun = re.match(r"    ([a-z_]+(?:, [a-z_]+)*): (.*)", line)
        if begun is not None:
            names = begun[1].split(", ")
            found.update(dict.fromkeys(names, begun[2]))
        elif names and line.startswith("        "):
            found.update({name: f"{found[name]} {line.strip()}" for name in names})
        elif line.strip():
            break
    return found
