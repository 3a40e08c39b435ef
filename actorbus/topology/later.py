"""Everything the topology format names that this version does not do yet: one table, and nothing is ignored.

A row says where, which values are there already, and what to use instead. A value that is the default passes, so that
a complete file with defaults written out is right. When a feature arrives, its row is deleted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final, NamedTuple

from actorbus.errors import UsageError
from actorbus.topology.report import Report
from actorbus.topology.tree import Path, Tree
from actorbus.units import duration_ns, size_bytes

__all__ = ["LATER", "Later", "refuse_later"]


class Later(NamedTuple):
    """One thing that comes later."""

    where: str
    """Dotted path; `*` stands for any name."""
    unless: tuple[object, ...]
    """Values that are allowed (the default, and what works now)."""
    what: str
    instead: str


LATER: Final[tuple[Later, ...]] = (
    Later(
        "streams.*.codec.format",
        ("msgpack", "json", "raw", "struct"),
        "format protobuf (Protocol Buffers)",
        "use msgpack, json or struct",
    ),
    Later("streams.*.codec.compression", ("none",), "compression", "use none"),
    Later("streams.*.codec.security", ("none",), "encryption", "use none"),
    Later("handlers.*.dispatch", ("inline", "mailbox"), "a handler in a process of its own", "use inline or mailbox"),
    Later("recorders.*.backend", ("journal", "jsonl"), "recording with Aeron Archive", "use journal"),
    Later("observability.http", (None,), "metrics over HTTP", "use null; `actorbus stat` shows the counters"),
    Later("security.*", (), "security", "remove it"),
)


def refuse_later(root: Tree, report: Report) -> None:
    """Report every value in the tree that a row of the table refuses (AB1501), where nothing else is wrong with it."""
    for row in LATER:
        _each(root, row.where.split("."), (), lambda path, node, row=row: _refuse(path, node, row, report))


def _refuse(path: Path, node: Tree, row: Later, report: Report) -> None:
    value = node.to_python()
    if any(_same(value, allowed) for allowed in row.unless) or report.is_broken(*path):
        return
    if value is None and None not in row.unless and row.unless:
        return
    report.add("AB1501", f"{row.what} is not built yet (planned)", path=path, key=not row.unless, hint=row.instead)


def _same(value: object, allowed: object) -> bool:
    """Whether a value is an allowed one, `1m` being the same duration as `60s`."""
    if type(value) is type(allowed) and value == allowed:
        return True
    if isinstance(value, str) and isinstance(allowed, str) and allowed[:1].isdigit():
        for parse in (duration_ns, size_bytes):
            with contextlib.suppress(UsageError):
                return parse(value) == parse(allowed)
    return False


def _each(node: Tree, steps: list[str], path: Path, found: Callable[[Path, Tree], None]) -> None:
    if not steps:
        found(path, node)
        return
    children = node.mapping or {}
    names = list(children) if steps[0] == "*" else [steps[0]]
    for name in names:
        if (child := children.get(name)) is not None:
            _each(child, steps[1:], (*path, name), found)
