"""`actorbus pub STREAM [WHAT...]`: sends messages from the shell: JSON, files of JSON lines, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from actorbus.cli.completion import streams
from actorbus.cli.join import joined, topology_options
from actorbus.cli.lines import message_of
from actorbus.errors import EXIT_DONE, EXIT_INPUT_WRONG, ActorBusError, EncodeError, InvalidValue, UsageError

__all__ = ["command"]


@click.command("pub")
@click.argument("stream", shell_complete=streams)
@click.argument("what", nargs=-1, metavar="[JSON|FILE|-]...")
@topology_options
def command(stream: str, what: tuple[str, ...], file: str, directory: str | None, app_dir: str | None) -> int:
    """Publish messages to STREAM of a running topology.

    Each argument is a message as JSON ('{"symbol": "AAPL", ...}'), or a file with one a line; none, or -, is standard
    input. A stream that carries several classes needs '{"type": "Bar", "message": {...}}', as `sub` prints it.
    """
    node = joined(file, (stream,), directory=directory, app_dir=app_dir)
    types = node.plan.streams[stream].types
    sent = 0
    with node:
        publisher = node.publisher(stream)
        for where, line in _lines(what):
            try:
                message = message_of(line, types)
            except (InvalidValue, EncodeError) as error:
                _tell(where, error, sent, stream)
                return EXIT_INPUT_WRONG
            publisher.publish(message)
            sent += 1
    print(_counted(sent, stream), file=sys.stderr)
    return EXIT_DONE


def _tell(where: str, error: ActorBusError, sent: int, stream: str) -> None:
    print(f"{where}: {error.format_text()}", file=sys.stderr)
    print(f"{_counted(sent, stream)} before it", file=sys.stderr)


def _counted(sent: int, stream: str) -> str:
    return f"published {sent} message{'' if sent == 1 else 's'} to {stream}"


def _lines(what: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each JSON text and where it stands; empty lines are skipped."""
    for number, argument in enumerate(what or ("-",), 1):
        if argument.lstrip()[:1] in ("{", "["):
            yield f"argument {number}", argument
        elif argument == "-":
            yield from _of("standard input", sys.stdin)
        else:
            try:
                opened = Path(argument).open(encoding="utf-8")  # noqa: SIM115 - closed below
            except OSError as error:
                raise UsageError(f"cannot read {argument!r}", why=str(error), hint="give a file or JSON") from error
            with opened:
                yield from _of(argument, opened)


def _of(name: str, lines: Iterator[str] | Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"{name}:{number}", line
