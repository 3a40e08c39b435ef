"""Reads a YAML 1.2 file into a `Tree`, with the line and column of every key and value.

Rules of this file:
* ruamel.yaml only scans and parses here; it constructs nothing, so no tag can make an object. It is imported when a
  file is read, not before.
* Scalars follow the core schema of YAML 1.2: `9:30`, `NO` and `ON` are text, `010` is ten, `0x1f` is a number.
* Hostile files are bounded: 128 KiB, depth 32, 100 aliases, 20,000 nodes after aliases are followed; merge keys (`<<`)
  and tags are refused, keys are plain texts, a key comes once.
* `${NAME}` is expanded in values, quoted or not; an unquoted one is typed after it is expanded.

Any thread; reads one file and keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, Never, Protocol, cast

from actorbus.topology.environment import expand
from actorbus.topology.report import Report
from actorbus.topology.tree import Place, Tree

__all__ = ["read_file", "read_text"]

# From the reliability page, row E1 and issue 5: ten times what a large topology needs.
BYTES_MAX: Final = 128 * 1024
DEPTH_MAX: Final = 32
ALIASES_MAX: Final = 100
NODES_MAX: Final = 20_000

_NULL: Final = re.compile(r"~|null|Null|NULL|")
_TRUE: Final = re.compile(r"true|True|TRUE")
_FALSE: Final = re.compile(r"false|False|FALSE")
_INT: Final = re.compile(r"[-+]?[0-9]{1,400}")
_OCTAL: Final = re.compile(r"0o[0-7]{1,400}")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]{1,400}")
_FLOAT: Final = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


class _Refused(Exception):
    """Stop reading: what follows cannot be trusted. The problem is in the report already."""


class _Mark(Protocol):
    line: int
    column: int


class _Marked(Protocol):
    """What ruamel.yaml's errors carry."""

    context: str | None
    problem: str | None
    context_mark: _Mark | None
    problem_mark: _Mark | None


class _Parser(Protocol):
    """What is used of ruamel.yaml: text in, events out."""

    def parse(self, stream: str, /) -> Iterator[Any]: ...


def read_file(file: FilePath, report: Report, env: Mapping[str, str]) -> Tree | None:
    """Read a file; None when it cannot be read at all (the report says why)."""
    try:
        with file.open("rb") as opened:
            data = opened.read(BYTES_MAX + 1)
    except OSError as error:
        hint = (
            "give the path of a topology file"
            if isinstance(error, FileNotFoundError)
            else "check the path and its permissions"
        )
        report.add("AB1001", f"cannot read {str(file)!r}: {error.strerror or error}", hint=hint)
        return None
    if len(data) > BYTES_MAX:
        size = file.stat().st_size
        report.add("AB1004", f"the file has {size} bytes, at most {BYTES_MAX} are read", hint="split the topology")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        report.add("AB1002", f"not UTF-8: {error.reason}", place=Place(line, column), hint="save the file as UTF-8")
        return None
    return read_text(text, report, env)


def read_text(text: str, report: Report, env: Mapping[str, str]) -> Tree | None:
    """Read a text; None when it cannot be read at all (the report says why)."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > BYTES_MAX:
        report.add(
            "AB1004", f"the text has {len(text)} characters, at most {BYTES_MAX} are read", hint="split the topology"
        )
        return None
    yaml = YAML(typ="safe", pure=True)
    try:
        return _Builder(report, env).build(cast("_Parser", yaml).parse(text))
    except _Refused:
        return None
    except MarkedYAMLError as error:
        marked = cast("_Marked", cast("object", error))
        mark = marked.problem_mark or marked.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place()
        said = " ".join(part for part in (marked.context, marked.problem) if part)
        report.add("AB1002", f"not YAML: {said}", place=place, hint=_syntax_hint(said))
    except (YAMLError, ValueError) as error:
        report.add("AB1002", f"not YAML: {' '.join(str(error).split())[:200]}", place=_place_of(error, text))
    return None


class _Builder:
    """Turns the parser's events into trees, without recursion but for the depth that is allowed."""

    def __init__(self, report: Report, env: Mapping[str, str]) -> None:
        self._report = report
        self._env = env
        self._anchors: dict[str, Tree] = {}
        self._aliases = 0
        self._nodes = 0

    def build(self, events: Iterator[Any]) -> Tree | None:
        root: Tree | None = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._refuse(
                        "AB1011", "the file holds more than one document", event, "keep one: remove the second `---`"
                    )
            elif kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                root = self._node(event, events, 0)
        if root is None or (root.value is None and root.text == ""):
            self._report.add("AB1011", "the file is empty", place=Place(1, 1), hint="start with `version: 1`")
            return None
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Tree:
        self._nodes += 1
        kind = type(event).__name__
        place = _place(event.start_mark)
        if self._nodes > NODES_MAX:
            self._refuse("AB1006", f"more than {NODES_MAX} values", event, "split the topology")
        if depth > DEPTH_MAX:
            self._refuse("AB1005", f"nested deeper than {DEPTH_MAX}", event, "flatten it")
        if kind == "AliasEvent":
            return self._alias(event, place)
        if event.tag is not None and str(event.tag) not in ("!", "tag:yaml.org,2002:str"):
            self._refuse(
                "AB1007", f"the tag {str(event.tag)[:60]} is not allowed", event, "write plain values without tags"
            )
        if kind == "ScalarEvent":
            tree = self._scalar(event, place)
        elif kind == "SequenceStartEvent":
            tree = Tree(self._sequence(events, depth), place)
        else:
            tree = Tree(self._mapping(events, depth), place)
        if event.anchor is not None:
            # Known only once it is complete: an alias inside its own anchor finds nothing, so there are no cycles.
            self._anchors[str(event.anchor)] = tree
        return tree

    def _sequence(self, events: Iterator[Any], depth: int) -> list[Tree]:
        found: list[Tree] = []
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            found.append(self._node(event, events, depth + 1))
        return found

    def _mapping(self, events: Iterator[Any], depth: int) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        while type(key_event := next(events)).__name__ != "MappingEndEvent":
            if type(key_event).__name__ != "ScalarEvent":
                self._refuse("AB1002", "a key must be a plain text", key_event, "write `name: value`")
            key, place = str(key_event.value), _place(key_event.start_mark)
            if key == "<<" and key_event.implicit[0]:
                self._refuse("AB1002", "merge keys (<<) are not part of YAML 1.2", key_event, "write the keys out")
            value = self._node(next(events), events, depth + 1)
            if (first := found.get(key)) is not None:
                self._report.add(
                    "AB1003",
                    f"key {key!r} is given twice; the first is in line {first.key_place.line}",
                    place=place,
                    value=key,
                    hint="remove one of the two",
                )
                continue
            found[key] = value.under(place)
        return found

    def _alias(self, event: Any, place: Place) -> Tree:
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            self._refuse("AB1006", f"more than {ALIASES_MAX} aliases", event, "write the values out")
        anchored = self._anchors.get(str(event.anchor))
        if anchored is None:
            self._refuse("AB1002", f"alias *{str(event.anchor)[:60]} has no anchor before it", event, "define it first")
        self._nodes += sum(1 for _ in anchored.walk())
        if self._nodes > NODES_MAX:
            self._refuse("AB1006", f"more than {NODES_MAX} values once aliases are followed", event, "write less")
        return anchored.again_at(place)

    def _scalar(self, event: Any, place: Place) -> Tree:
        written = str(event.value)

        spoiled = False

        def complain(code: str, message: str, hint: str) -> None:
            nonlocal spoiled
            spoiled = True
            self._report.add(code, message, place=place, value=written, hint=hint)

        text = expand(written, self._env, complain)
        plain = bool(event.implicit[0]) and event.tag is None
        tree = Tree(_typed(text) if plain else text, place, text=text)
        tree.spoiled = spoiled
        return tree

    def _refuse(self, code: str, message: str, event: Any, hint: str) -> Never:
        self._report.add(code, message, place=_place(event.start_mark), hint=hint)
        raise _Refused


def _typed(text: str) -> object:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, base=0)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _place(mark: _Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _place_of(error: Exception, text: str) -> Place:
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return Place()
    before = text[:position]
    return Place(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


def _syntax_hint(said: str) -> str:
    if "\\t" in said:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in said:
        return "quote a value that holds `: `, and check the indentation"
    return "check indentation, brackets and quotes just before this place"
