"""`actorbus tail [STREAM...]`: follow all streams of a running topology, or some, with a filter."""

from __future__ import annotations

import click

from actorbus.cli.completion import streams as complete_streams
from actorbus.cli.completion import where as complete_where
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.join import joined, topology_options
from actorbus.cli.options import DURATION
from actorbus.cli.watch import Limits, check_conditions, conditions, watch
from actorbus.errors import EXIT_DONE

__all__ = ["command"]


@click.command("tail")
@click.argument("streams", nargs=-1, metavar="[STREAM]...", shell_complete=complete_streams)
@topology_options
@click.option(
    "-w",
    "--where",
    multiple=True,
    metavar="FIELD=VALUE",
    shell_complete=complete_where,
    help="Only messages with this value; repeatable.",
)
@click.option("-n", "--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option("--for", "for_ns", type=DURATION, help="End after this time.")
@click.option("--format", "form", type=click.Choice(["auto", "json", "text"]), default="auto", help="JSON when piped.")
def command(
    streams: tuple[str, ...],
    file: str,
    directory: str | None,
    app_dir: str | None,
    where: tuple[str, ...],
    count: int | None,
    for_ns: int | None,
    form: str,
) -> int:
    """Follow the STREAMs of a running topology (none given: all of them), decoded, from now on.

    FIELD is one of a message's, or `type`, `stream`, `session`: --where symbol=AAPL --where type=Bar.
    """
    wanted = conditions(where)
    node = joined(file, streams, directory=directory, app_dir=app_dir)
    check_conditions(wanted, node.plan)
    interrupted = watch(node, tuple(node.plan.streams), wanted, Limits(count, for_ns), form=form, lean=False)
    return EXIT_INTERRUPTED if interrupted else EXIT_DONE
