"""`actorbus sub STREAM`: the messages of one stream, decoded, as a pipeline wants them."""

from __future__ import annotations

import click

from actorbus.cli.completion import streams
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.join import joined, topology_options
from actorbus.cli.options import DURATION
from actorbus.cli.watch import Limits, watch
from actorbus.errors import EXIT_DONE

__all__ = ["command"]


@click.command("sub")
@click.argument("stream", shell_complete=streams)
@topology_options
@click.option("-n", "--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option("--for", "for_ns", type=DURATION, help="End after this time.")
@click.option("--message", "lean", is_flag=True, help="Print the message alone, without where it came from.")
@click.option("--format", "form", type=click.Choice(["auto", "json", "text"]), default="auto", help="JSON when piped.")
def command(
    stream: str,
    file: str,
    directory: str | None,
    app_dir: str | None,
    count: int | None,
    for_ns: int | None,
    lean: bool,
    form: str,
) -> int:
    """Subscribe to STREAM of a running topology and print its messages, decoded, from now on."""
    node = joined(file, (stream,), directory=directory, app_dir=app_dir)
    interrupted = watch(node, (stream,), (), Limits(count, for_ns), form=form, lean=lean)
    return EXIT_INTERRUPTED if interrupted else EXIT_DONE
