"""`actorbus run FILE`: starts a topology, waits, drains, and prints a summary.

What only this verb does, and a `Node` in an application never: signals, logging, the interpreter's switch interval.
"""

from __future__ import annotations

import contextlib
import json
import sys

import click

from actorbus.cli.colour import is_wanted
from actorbus.cli.completion import folders, topologies
from actorbus.cli.excerpt import problems_text
from actorbus.cli.exits import EXIT_INTERRUPTED, as_actorbus_error, tell
from actorbus.cli.logs import configure_logging
from actorbus.cli.options import DURATION
from actorbus.cli.signals import StopAsked, StopSignals
from actorbus.cli.table import summary_text
from actorbus.errors import EXIT_DONE, EXIT_FAILED
from actorbus.topology.node import Node
from actorbus.topology.plan import Plan

__all__ = ["command"]


@click.command("run")
@click.argument("file", type=click.Path(), shell_complete=topologies)
@click.option("--for", "for_ns", type=DURATION, help="Stop after this time.")
@click.option("--until-idle", "until_idle_ns", type=DURATION, help="Stop when no message has moved for this time.")
@click.option("--summary", "form", type=click.Choice(["json", "table"]), default="table", help="Form of the summary.")
@click.option(
    "--app-dir", metavar="D", shell_complete=folders, help="First on sys.path instead of the topology's folder."
)
@click.pass_obj
def command(
    obj: dict[str, bool], file: str, for_ns: int | None, until_idle_ns: int | None, form: str, app_dir: str | None
) -> int:
    """Run the topology FILE until it is told to stop; print a summary at the end.

    Without --for and --until-idle it runs until SIGTERM or Ctrl-C, or until every source has finished.
    """
    node = Node.from_yaml(file, app_dir=app_dir)
    _prepare(node.plan)
    with StopSignals() as stop:
        try:
            with stop.raising():
                node.open()
        except StopAsked:  # told to stop before anything ran
            return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE
        with contextlib.ExitStack() as stack:
            stack.push(node.__exit__)
            _ = node.wait(for_ns=for_ns, until_idle_ns=until_idle_ns, stop=stop.event)
        summary = node.summary()
        print(json.dumps(summary) if form == "json" else summary_text(summary), flush=True)
    failure = node.failed
    if failure is not None:
        tell(as_actorbus_error(failure), verbose=obj["verbose"], cause=failure)
        return EXIT_FAILED
    return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE


def _prepare(plan: Plan) -> None:
    for text in problems_text(plan.warnings, colour=is_wanted(sys.stderr)):
        print(text, file=sys.stderr)
    configure_logging(plan.observability.log_format, plan.observability.log_level)
    sys.setswitchinterval(plan.switch_interval_ns / 1e9)
