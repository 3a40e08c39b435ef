"""Make the reference pages of docs/ from the code, so that they cannot say anything else than it does.

    python tools/make_reference.py           write docs/reference/*.md and docs/errors/*.md
    python tools/make_reference.py --check   write nothing; exit 1 and name the pages that are not fresh

A page is a pure function of the code: the topology's Structs (reference_topology.py), click's commands, the error
catalogue, the counters, the built-in messages, the docstrings of the public names and of the shelf (reference_api.py).
tests/tools/test_make_reference.py holds them fresh.
"""

from __future__ import annotations

import enum
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference_api import api, shelf
from reference_text import annotated_fields, table
from reference_topology import topology

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = "<!-- Made by tools/make_reference.py: do not edit, run `make reference`. -->\n\n"

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
        "reference/shelf.md": shelf(),
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
    return f"{head}\n\n{table(('code', 'kind', 'what'), rows)}"


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


# ---- metrics, messages -----------------------------------------------------------------------------------------


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
    said = {name: text for name, text in annotated_fields(record).items() if text}
    texts = {**(described or {}), **said}
    return table(("name", "means"), ((f"`{name}`", texts.get(name, "")) for name in inspect.get_annotations(record)))


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
        parts.append(table(("field", "type", "default"), rows))
    parts.append("## Enumerations")
    found = [getattr(enums, name) for name in enums.__all__]
    rows = (
        (f"`{one.__name__}`", " ".join(f"{member.name}={member.value}" for member in one))
        for one in found
        if issubclass(one, enum.Enum)
    )
    parts.append(table(("name", "members"), rows))
    return "\n\n".join(parts)


def _value(value: object) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


def _annotation(annotation: object) -> str:
    if annotation.__class__.__name__ == "TypeAliasType":
        return str(annotation)
    return f"`{annotation.__name__ if isinstance(annotation, type) and not str(annotation).count('[') else annotation}`"


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "handlers")]
    sys.exit(main())
