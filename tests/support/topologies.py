"""Topologies for tests: a text or mapping becomes a tree, a check, or the codes of its problems."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from actorbus.errors import Problem
from actorbus.topology.check import Checked, check_python
from actorbus.topology.facts import Facts
from actorbus.topology.report import Report
from actorbus.topology.tree import Tree
from actorbus.topology.yaml_reader import read_text

__all__ = ["check", "codes", "facts_of", "minimal", "problems", "tree_of"]


def tree_of(text: str, report: Report | None = None, env: Mapping[str, str] | None = None) -> Tree:
    """Return the tree of a YAML text; fails when it cannot be read."""
    report = report or Report("test.yaml")
    tree = read_text(dedent(text), report, env or {})
    assert tree is not None, [problem.format_text() for problem in report.problems()]
    report.root = tree
    return tree


def minimal(**changes: object) -> dict[str, object]:
    """Return a right topology of one stream `s` of bars, with these keys changed."""
    return {"version": 1, "name": "x", "streams": {"s": {"stream_id": 1, "messages": ["Bar"]}}, **changes}


def check(values: Mapping[str, object], **more: object) -> Checked:
    """Check a mapping."""
    return check_python(values, env={}, **more)  # pyright: ignore[reportArgumentType]


def problems(values: Mapping[str, object], **more: object) -> list[Problem]:
    """Return the problems of a mapping."""
    return list(check(values, **more).problems)


def codes(values: Mapping[str, object], **more: object) -> list[str]:
    """Return the codes of its problems, warnings too."""
    return [problem.code for problem in problems(values, **more)]


def facts_of(values: Mapping[str, object], **more: object) -> Facts:
    """Return the facts of a mapping."""
    facts = check(values, **more).facts
    assert facts is not None
    return facts
