"""Reads a YAML 1.2 file into a `Tree`, with the line and column of every key and value.

Rules of this file:
* ruamel.yaml only scans and parses here; it constructs nothing, so no tag can make an object. It is imported when a
  file is read, not before.
* Scalars follow the core schema of YAML 1.2: `9:30`, `NO` and `ON` are text, `010` is ten, `0x1f` is a number.
* Hostile files are bounded: 128 KiB, depth 32, 100 aliases, 20,000 nodes after aliases are followed; merge keys (`<<`)
  and tags are refused, keys are plain texts, a key comes once.
* `${NAME}` is expanded in values, quoted or not; an unquoted one is typed after it is expanded. A quoted one with
  nothing beside it becomes a number or truth value where one is wanted: in `{...}` YAML wants the quotes.

Any thread; reads one file and keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, Never, Protocol, cast

from actorbus.topology.environment import expand, is_variable
from actorbus.topology.report import Report
from actorbus.topology.secrets import may_be_secret
from actorbus.topology.tree import Place, Tree

__all__ = ["read_file", "read_text"]

# From the reliability page, row E1 and issue 5: ten times what a large topology needs.
BYTES_MAX: Final = 128 * 1024
DEPTH_MAX: Final = 32
ALIASES_MAX: Final = 100
NODES_MAX: Final = 20_000
PARSER_ERRORS: Final = (ValueError, AssertionError, LookupError, TypeError, AttributeError, RecursionError)
"""What ruamel.yaml lets out for texts it did not expect, such as `%YAML 1.0`."""
SHAPES: Final = {"SequenceStartEvent": "a list", "MappingStartEvent": "a mapping"}
VALUE_SHOWN_MAX: Final = 40
"""Characters shown of a line that the parser refused."""

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
            "give the path of a file that is there"
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
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8")) + 1
        byte = f"0x{data[error.start]:02x}"
        report.add(
            "AB1002",
            f"not UTF-8: byte {byte}: {error.reason}",
            place=Place(line, column),
            value=byte,
            hint="save the file as UTF-8",
        )
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
    builder = _Builder(report, env)
    try:
        return builder.build(cast("_Parser", yaml).parse(text))
    except _Refused:
        return None
    except MarkedYAMLError as error:
        _refuse_syntax(cast("_Marked", cast("object", error)), text, report, builder.long_quote)
    except (YAMLError, *PARSER_ERRORS) as error:
        told, place = _unreadable(error, text)
        hint = "remove it, or write it as an escape in quotes" if place.line else "remove lines that begin with %"
        report.add("AB1002", f"not YAML: {told}", place=place, hint=hint)
    return None


class _Builder:
    """Turns the parser's events into trees, without recursion but for the depth that is allowed."""

    def __init__(self, report: Report, env: Mapping[str, str]) -> None:
        self._report = report
        self._env = env
        self._anchors: dict[str, Tree] = {}
        self._aliases = 0
        self._nodes = 0
        self.long_quote: tuple[int, int] | None = None
        """First and last line of the newest quoted text of several lines: often a quote that was forgotten."""

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
            what = SHAPES.get(kind, "a value")
            self._refuse("AB1005", f"{what} nested deeper than {DEPTH_MAX}", event, "flatten it")
        if kind == "AliasEvent":
            return self._alias(event, place)
        if event.tag is not None and str(event.tag) not in ("!", "tag:yaml.org,2002:str"):
            self._refuse(
                "AB1007", f"the tag {_tag(event.tag)} is not allowed", event, "write plain values without tags"
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
            self._refuse(
                "AB1006", f"more than {ALIASES_MAX} aliases: *{str(event.anchor)[:60]}", event, "write the values out"
            )
        anchored = self._anchors.get(str(event.anchor))
        if anchored is None:
            self._refuse("AB1002", f"alias *{str(event.anchor)[:60]} has no anchor before it", event, "define it first")
        self._nodes += sum(1 for _ in anchored.walk())
        if self._nodes > NODES_MAX:
            self._refuse("AB1006", f"more than {NODES_MAX} values once aliases are followed", event, "write less")
        return anchored.again_at(place)

    def _scalar(self, event: Any, place: Place) -> Tree:
        written = str(event.value)
        if event.style in ("'", '"') and event.end_mark.line > event.start_mark.line:
            self.long_quote = event.start_mark.line + 1, event.end_mark.line + 1
        spoiled = False

        def complain(code: str, message: str, hint: str) -> None:
            nonlocal spoiled
            spoiled = True
            self._report.add(code, message, place=place, value=written, hint=hint)

        text = expand(written, self._env, complain)
        plain = bool(event.implicit[0]) and event.tag is None
        tree = Tree(_typed(text) if plain else text, place, text=text)
        tree.spoiled = spoiled
        if not plain and is_variable(written) and not isinstance(typed := _typed(text), str):
            tree.unquoted = typed
        return tree

    def _refuse(self, code: str, message: str, event: Any, hint: str) -> Never:
        self._report.add(code, message, place=_place(event.start_mark), hint=hint)
        raise _Refused


def _tag(tag: object) -> str:
    """Return a tag as it is written: `!!python/object`."""
    return str(tag).replace("tag:yaml.org,2002:", "!!", 1)[:60]


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


def _refuse_syntax(error: _Marked, text: str, report: Report, long_quote: tuple[int, int] | None) -> None:
    """Report what the parser said. What was never closed is at its beginning, the rest where it was noticed."""
    begun, noticed = error.context_mark, error.problem_mark
    said = " ".join(part for part in (error.context, error.problem) if part)
    open_ended = begun is not None and noticed is not None and "end of stream" in said
    mark = begun if open_ended else noticed or begun
    place = _place(mark) if mark else Place()
    if open_ended:
        said += "; it begins here and does not end"
    elif begun is not None and noticed is not None and begun.line != noticed.line:
        said += f" (it begins in line {begun.line + 1})"
    if long_quote is not None:
        said += f"; a quoted text before goes from line {long_quote[0]} to line {long_quote[1]}"
    lines = text.split("\n")
    line = lines[place.line - 1] if place.line is not None and place.line <= len(lines) else ""
    value = line[(place.column or 1) - 1 :].strip()[:VALUE_SHOWN_MAX]
    shown = value if value and "character" not in said and not may_be_secret(line) else None
    report.add("AB1002", f"not YAML: {said}", place=place, value=shown, hint=_syntax_hint(said))


def _unreadable(error: Exception, text: str) -> tuple[str, Place]:
    """Return what cannot be read and where: characters that YAML forbids."""
    position, character = getattr(error, "position", None), getattr(error, "character", None)
    if not isinstance(position, int):
        return " ".join(str(error).split())[:200], Place()
    told = f"U+{character:04X} must not stand in it" if isinstance(character, int) else "a character it forbids"
    before = text[:position]
    return told, Place(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


def _syntax_hint(said: str) -> str:
    if "\\t" in said:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in said:
        return "quote a value that holds `: `, and check the indentation"
    return "check indentation, brackets and quotes just before this place"
