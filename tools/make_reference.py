"""Make the reference pages of docs/ from the code, so that they cannot say anything else than it does.

    python tools/make_reference.py           write docs/reference/*.md and docs/errors/*.md
    python tools/make_reference.py --check   write nothing; exit 1 and name the pages that are not fresh

A page is a pure function of the code: the topology's Structs, click's commands, the error catalogue, the counters, the
built-in messages, the docstrings of the public names. tests/tools/test_make_reference.py holds them fresh.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import itertools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = "<!-- Made by tools/make_reference.py: do not edit, run `make reference`. -->\n\n"

TOPOLOGY_TEXT = """\
Every key, its type and its default. Files are YAML 1.2: `9:30`, `NO` and `ON` stay text. Unknown keys, duplicate keys
and values out of range are errors, all told at once with their place. `${NAME}` and `${NAME:-default}` are replaced
from the environment. Values that come with a later version are refused by name ([AB1501](../errors/AB1501.md)).

An editor completes and checks a file that begins with the line `actorbus schema --header` prints."""
COMMANDS_TEXT = """\
`actorbus`, also `python -m actorbus`. Results go to standard output, everything else to standard error.

| exit code | means |
| --- | --- |
| 0 | done, also after a SIGTERM that drained |
| 1 | failed while running |
| 2 | the input is wrong |
| 3 | the environment is wrong |
| 130 | Ctrl-C |

`NO_COLOR` turns colours off; a pipe never gets any. Tracebacks of actorbus are shown with `actorbus --verbose`.
How to have a shell complete verbs, options and codes: [from the shell](../howto/shell.md)."""
METRICS_TEXT = """\
What `node.stats()`, `actorbus run --summary json` and `actorbus stat` tell. Counters only grow while a node runs; they
count messages unless they say bytes. Hello, Beat and Bye, our own frames, count nowhere."""
MESSAGES_TEXT = """\
Ids below 1000 are ours. `Price` is an integer in units of 1e-9, `Quantity` in units of 1e-8: `ab.price("1.0850")`, and
`message.bid_decimal` to read. New fields are only ever appended, with defaults."""
HANDLER_TEXTS = {
    "messages": "Messages it was given, raising ones too.",
    "errors": "Times it raised.",
    "restarts": "Times it was started again.",
}
LATENCY_TEXTS = {
    "count": "Samples.",
    "min": "The shortest, exact.",
    "mean": "The average.",
    "p50": "Half of the samples are not longer.",
    "p95": "95 % are not longer.",
    "p99": "99 % are not longer.",
    "p999": "99.9 % are not longer.",
    "max": "The longest, exact.",
}


def pages() -> dict[str, str]:
    """Return the text of every generated page by its path under docs/."""
    made = {
        "reference/topology.md": topology(),
        "reference/cli.md": commands(),
        "reference/metrics.md": metrics(),
        "reference/messages.md": messages(),
        "reference/api.md": api(),
        "errors/index.md": errors(),
    }
    return {name: MADE + text.rstrip() + "\n" for name, text in {**made, **error_pages()}.items()}


def main() -> int:
    """Write the pages, or check them."""
    wanted = pages()
    stale = [name for name, text in wanted.items() if not _is_fresh(DOCS / name, text)]
    known = {DOCS / name for name in wanted}
    old = [path for folder in ("reference", "errors") for path in (DOCS / folder).glob("*.md") if path not in known]
    if "--check" in sys.argv:
        for name in [*stale, *(str(path.relative_to(DOCS)) for path in old)]:
            print(f"docs/{name} is not fresh: run `make reference`")
        return 1 if stale or old else 0
    for name in stale:
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(wanted[name], encoding="utf-8")
        print(f"wrote docs/{name}")
    for path in old:
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


def _is_fresh(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _cell(text: object) -> str:
    return " ".join(str(text).replace("|", "\\|").replace("<", "&lt;").replace("``", "`").split())


def _table(header: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


# ---- the topology ---------------------------------------------------------------------------------------------------


def topology() -> str:
    """The keys of a topology file, one table for each mapping."""
    from actorbus.topology.schema import topology_schema

    definitions: dict[str, Any] = topology_schema()["$defs"]
    order = ["Topology", *(name for name in definitions if name != "Topology")]
    parts = [
        "# Topology files",
        TOPOLOGY_TEXT,
    ]
    for name in order:
        found = definitions[name]
        if "properties" not in found:
            continue
        title = "The top level" if name == "Topology" else found["title"]
        parts.append(f"## {title}\n\n{found.get('description', '').strip()}")
        required = set(found.get("required", ()))
        rows = (
            (f"`{key}`", _type(value, definitions), _default(value, required=key in required), _described(value, key))
            for key, value in found["properties"].items()
        )
        parts.append(_table(("key", "takes", "default", "means"), rows))
    return "\n\n".join(parts)


def _described(value: Mapping[str, Any], key: str) -> str:
    return str(value.get("description", {"class": "A name of the shelf, or module:Class."}.get(key, "")))


def _type(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "enum" in value:
        return " · ".join(f"`{json.dumps(one) if one is None else one}`" for one in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        title = definitions[name].get("title", name)
        if "properties" in definitions[name]:
            return f"[{title}](#{title.lower()})"
        return _type(definitions[name], definitions)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in value:
            return " or ".join(dict.fromkeys(_type(one, definitions) for one in value[key]))
    return _plain_type(value, definitions)


def _plain_type(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    match value.get("type"):
        case "array":
            return f"list of {_type(value.get('items', {}), definitions)}"
        case "object" if isinstance(value.get("additionalProperties"), dict) and value["additionalProperties"]:
            return f"name: {_type(value['additionalProperties'], definitions)}"
        case "object":
            return "mapping"
        case "integer":
            low, high = value.get("minimum"), value.get("maximum")
            return "integer" + (f" {low} to {high}" if low is not None and high is not None else "")
        case "string":
            return {"duration": "duration", "size": "size"}.get(_kind(value), "text")
        case None:
            return "any"
        case other:
            return "no value" if other == "null" else str(other)


def _kind(value: Mapping[str, Any]) -> str:
    if "ms" in str(value.get("pattern", "")):
        return "duration"
    return "size" if "kKmMgG" in str(value.get("pattern", "")) else ""


def _default(value: Mapping[str, Any], *, required: bool) -> str:
    if required:
        return "**required**"
    found = value.get("default")
    if isinstance(found, dict) or found == []:
        return ""
    return f"`{json.dumps(found)}`" if not isinstance(found, str) else f"`{found}`"


# ---- the command line -----------------------------------------------------------------------------------------------


def commands() -> str:
    """The help of every verb, as click prints it."""
    import click

    from actorbus.cli.main import VERBS, actorbus

    def help_of(name: str, command: click.Command) -> str:
        with click.Context(command, info_name=name, terminal_width=100, max_content_width=100) as context:
            return f"```text\n{command.get_help(context).rstrip()}\n```"

    group = click.Context(actorbus, info_name="actorbus")
    parts = [
        "# Command line",
        COMMANDS_TEXT,
        help_of("actorbus", actorbus),
    ]
    for verb in sorted(VERBS):
        command = actorbus.get_command(group, verb)
        assert command is not None
        parts.append(f"## {verb}\n\n{help_of(f'actorbus {verb}', command)}")
        if isinstance(command, click.Group):
            for name in command.list_commands(group):
                one = command.get_command(group, name)
                assert one is not None
                parts.append(f"### {verb} {name}\n\n{help_of(f'actorbus {verb} {name}', one)}")
    return "\n\n".join(parts)


# ---- errors ---------------------------------------------------------------------------------------------------------


def errors() -> str:
    """The list of all codes."""
    from actorbus.topology.catalogue import entries

    rows = ((f"[{entry.code}]({entry.code}.md)", entry.kind, entry.title) for entry in entries().values())
    head = (
        "# Errors\n\nEvery error and warning has a code that stays the same. `actorbus explain CODE` prints its page.\n"
        "`check` prints `FILE:LINE:COLUMN: error[CODE]: what, why; what next`; in Python it is `error.code`."
    )
    return f"{head}\n\n{_table(('code', 'kind', 'what'), rows)}"


def error_pages() -> dict[str, str]:
    """One page for each code."""
    from actorbus.topology.catalogue import entries

    return {f"errors/{code}.md": _error_page(entry) for code, entry in entries().items()}


def _error_page(entry: Any) -> str:
    parts = [f"# {entry.code}: {entry.title}", entry.means]
    if entry.yaml is not None:
        parts.append("## A topology with it")
        if entry.app is not None:
            parts.append(f"`app.py`:\n\n```python\n{entry.app.strip()}\n```")
        parts.append(f"```yaml\n{entry.yaml.strip()}\n```")
    if entry.python is not None:
        parts.append(f"## A program with it\n\n```python\n{entry.python.strip()}\n```")
    if entry.situation is not None:
        parts.append(f"## When\n\n{entry.situation}")
    return "\n\n".join([*parts, f"## What to do\n\n{entry.fix}", "[All codes](index.md)"])


# ---- metrics, messages, API -----------------------------------------------------------------------------------------


def metrics() -> str:
    """The counters of streams and handlers, and the figures of a latency."""
    from actorbus.metrics import HandlerCounters, LatencySummary, StreamCounters

    parts = [
        "# Metrics",
        METRICS_TEXT,
        "## Streams\n\n" + _fields(StreamCounters),
        "## Handlers\n\n" + _fields(HandlerCounters, HANDLER_TEXTS),
        "## Latency\n\nNanoseconds from a message's publish time to the call of the handler, sampled.\n\n"
        + _fields(LatencySummary, LATENCY_TEXTS),
    ]
    return "\n\n".join(parts)


def _fields(record: type, described: Mapping[str, str] | None = None) -> str:
    texts = {**(described or {}), **_docstrings(record)}
    return _table(("name", "means"), ((f"`{name}`", texts.get(name, "")) for name in inspect.get_annotations(record)))


def _docstrings(cls: type) -> dict[str, str]:
    """Return the text under each field of a class."""
    tree = ast.parse(inspect.getsource(cls))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found: dict[str, str] = {}
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = str(ast.literal_eval(text.value))
    return found


def messages() -> str:
    """The built-in messages: ids, fields and enumerations."""
    import msgspec

    from actorbus.message import type_id_of, version_of
    from actorbus.messages import enums
    from actorbus.messages.catalogue import built_in_messages

    parts = [
        "# Built-in messages",
        MESSAGES_TEXT,
    ]
    for name, cls in built_in_messages().items():
        parts.append(f"## {name}\n\nType {type_id_of(cls)}, version {version_of(cls)}. {inspect.getdoc(cls) or ''}")
        rows = (
            (
                f"`{field.name}`",
                _annotation(field.type),
                "**required**" if field.required else f"`{_value(field.default)}`",
            )
            for field in msgspec.structs.fields(cls)
        )
        parts.append(_table(("field", "type", "default"), rows))
    parts.append("## Enumerations")
    found = [getattr(enums, name) for name in enums.__all__]
    rows = (
        (f"`{one.__name__}`", " ".join(f"{member.name}={member.value}" for member in one))
        for one in found
        if issubclass(one, enum.Enum)
    )
    parts.append(_table(("name", "members"), rows))
    return "\n\n".join(parts)


def _value(value: object) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


def _annotation(annotation: object) -> str:
    if annotation.__class__.__name__ == "TypeAliasType":
        return str(annotation)
    return f"`{annotation.__name__ if isinstance(annotation, type) and not str(annotation).count('[') else annotation}`"


def api() -> str:
    """The public names with the first line of their docstrings."""
    ab = importlib.import_module("actorbus")
    groups: dict[str, list[tuple[str, str]]] = {"Classes": [], "Functions": [], "Errors": [], "Other names": []}
    for name in ab.__all__:
        value = getattr(ab, name)
        text = (inspect.getdoc(value) or "").strip().split("\n\n")[0] if _has_text(value) else ""
        if inspect.isclass(value) and issubclass(value, ab.ActorBusError):
            groups["Errors"].append((name, f"{value.code}. {text}"))
        elif inspect.isclass(value):
            groups["Classes"].append((name, text))
        elif callable(value):
            groups["Functions"].append((name, text))
        else:
            groups["Other names"].append((name, text))
    parts = ["# Python", "The names of `import actorbus as ab`. What is not here may change in any release."]
    for title, rows in groups.items():
        parts.append(f"## {title}\n\n" + _table(("name", "is"), ((f"`ab.{name}`", text) for name, text in rows)))
    shown = ("Node", "QuickNode", "Publisher", "Subscription", "Handler", "Output", "Source", "BatchHandler", "Meta")
    parts += [_methods(getattr(ab, name), f"ab.{name}") for name in shown]
    parts += [_methods(getattr(ab.testing, name), f"ab.testing.{name}") for name in ("Bus", "BusClock")]
    return "\n\n".join(parts)


def _has_text(value: object) -> bool:
    return inspect.isclass(value) or callable(value)


def _methods(cls: type, title: str) -> str:
    faces = [vars(base) for base in cls.__bases__ if base.__name__.endswith("Face")]
    members = {name: member for each in (vars(cls), *faces, vars(cls)) for name, member in each.items()}
    rows = [
        (f"`{name}{_signature(member)}`", (inspect.getdoc(member) or "").split("\n\n")[0], _raises(member))
        for name, member in members.items()
        if not name.startswith("_") and (inspect.getdoc(member) or "") and not isinstance(member, (int, str))
    ]
    return f"## {title}\n\n" + _table(("method", "does", "raises"), iter(rows))


def _raises(member: object) -> str:
    """Return what a docstring has under `Raises:`, as far as that section goes."""
    section = (inspect.getdoc(member) or "").partition("Raises:")[2]
    return section.lstrip("\n").split("\n\n")[0]


def _signature(member: object) -> str:
    function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
    if not inspect.isfunction(function):
        return ""
    text = re.sub(r"\((?:self|cls)(?:, )?", "(", str(inspect.signature(function)), count=1)
    return text.replace("'", "")


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "handlers")]
    sys.exit(main())
