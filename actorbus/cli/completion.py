"""What a shell completes beside verbs and options: topologies, their streams, folders, processes, names of a filter.

    @click.argument("stream", shell_complete=streams)

A completion runs at every press of the key: it imports no class of the user's, opens no driver, writes nothing, and
whatever goes wrong is no proposal (an error there would land in the middle of a command line). How to turn it on is in
docs/howto/shell.md.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

__all__ = ["folders", "one_of_list", "processes", "streams", "topologies", "where"]

DEFAULT_FILE: Final = "topology.yaml"
LINE_FIELDS: Final = ("type", "stream", "session")
SUFFIXES: Final = (".yaml", ".yml")

type Proposals = list[CompletionItem]
type Completer = Callable[[click.Context, click.Parameter, str], Proposals]


def _quiet(propose: Callable[[click.Context, str], Iterable[CompletionItem | str]]) -> Completer:
    """Return the completer of click's shape; what it raises is no proposal."""

    @functools.wraps(propose)
    def completer(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> Proposals:
        try:
            found = list(propose(ctx, incomplete))
        except Exception:  # noqa: BLE001 - a key was pressed, nobody asked for an error
            return []
        return [one if isinstance(one, CompletionItem) else CompletionItem(one) for one in found]

    return completer


@_quiet
def topologies(_ctx: click.Context, incomplete: str) -> Iterable[CompletionItem | str]:
    """Propose YAML files; where none fits, let the shell complete paths by itself."""
    folder, _, begin = incomplete.rpartition("/")
    place = Path(f"{folder}/").expanduser() if "/" in incomplete else Path()
    found = sorted(
        f"{folder}/{path.name}" if "/" in incomplete else path.name
        for path in place.iterdir()
        if path.suffix in SUFFIXES and path.name.startswith(begin) and path.is_file()
    )
    return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="file")]


@_quiet
def folders(_ctx: click.Context, incomplete: str) -> Iterable[CompletionItem | str]:
    """Let the shell complete folders."""
    return [CompletionItem(incomplete, type="dir")]


@_quiet
def streams(ctx: click.Context, incomplete: str) -> Iterable[CompletionItem | str]:
    """Propose the streams of the topology that the command line names, or would take."""
    return [name for name in _streams_of(_file_of(ctx)) if name.startswith(incomplete)]


@_quiet
def processes(_ctx: click.Context, incomplete: str) -> Iterable[CompletionItem | str]:
    """Propose the names, and where a number was begun the numbers, of processes that keep statistics."""
    from actorbus.errors import ActorBusError
    from actorbus.metrics import StatisticsReader, list_statistics

    found: dict[str, None] = {}
    for path in list_statistics():
        try:
            with StatisticsReader.open(path) as reader:
                snapshot = reader.snapshot()
        except ActorBusError:
            continue  # gone or half written since it was listed
        found[str(snapshot.pid) if incomplete[:1].isdigit() else snapshot.name] = None
    return sorted(name for name in found if name.startswith(incomplete))


@_quiet
def where(_ctx: click.Context, incomplete: str) -> Iterable[CompletionItem | str]:
    """Propose what every line has to be filtered by; the fields of messages are the user's."""
    return [f"{field}=" for field in LINE_FIELDS if field.startswith(incomplete)]


def one_of_list(names: Sequence[str]) -> Completer:
    """Return a completer for a list of names with commas between them."""

    @_quiet
    def completer(_ctx: click.Context, incomplete: str) -> Iterable[CompletionItem | str]:
        before, comma, begin = incomplete.rpartition(",")
        taken = before.split(",")
        return [f"{before}{comma}{name}" for name in names if name.startswith(begin) and name not in taken]

    return completer


def _file_of(ctx: click.Context) -> Path:
    given: Any = ctx.params.get("file")
    return Path(given if isinstance(given, str) else os.environ.get("ACTORBUS_TOPOLOGY") or DEFAULT_FILE)


def _streams_of(file: Path) -> list[str]:
    from actorbus.topology.report import Report
    from actorbus.topology.yaml_reader import read_file

    root = read_file(file, Report(str(file)), os.environ)
    found = root.child("streams") if root is not None else None
    return list((found.mapping or {}) if found is not None else ())
