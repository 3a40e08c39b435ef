"""`actorbus run FILE`: starts a topology, waits, drains, and prints a summary.

What only this verb does, and a `Node` in an application never: signals, logging, the interpreter's switch interval.
"""

from __future__ import annotations

import contextlib
import json
import sys

import click

from actorbus.cli.completion import folders, topologies
from actorbus.cli.excerpt import tell_warnings
from actorbus.cli.exits import EXIT_INTERRUPTED, as_actorbus_error, tell
from actorbus.cli.logs import FailureTold, configure_logging
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
@click.option(
    "--until-idle",
    "until_idle_ns",
    type=DURATION,
    help="Stop when no message has moved for this time, counted from the first message on.",
)
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
    failure = FailureTold(lambda error: tell(as_actorbus_error(error), verbose=obj["verbose"], cause=error))
    _prepare(node.plan, file, failure)
    with StopSignals() as stop:
        try:
            with stop.raising():
                node.open()
        except StopAsked:  # told to stop before anything ran
            return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE
        with contextlib.ExitStack() as stack:
            stack.push(node.__exit__)
            if not node.plan.sources and for_ns is None:
                print("waiting for the first message (Ctrl-C ends)", file=sys.stderr)
            _ = node.wait(for_ns=for_ns, until_idle_ns=until_idle_ns, stop=stop.event)
        summary = node.summary()
        print(json.dumps(summary) if form == "json" else summary_text(summary), flush=True)
    if node.failed is not None:
        if failure.told is None:  # the application took the log away
            tell(as_actorbus_error(node.failed), verbose=obj["verbose"], cause=node.failed)
        return EXIT_FAILED
    return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE


def _prepare(plan: Plan, file: str, failure: FailureTold) -> None:
    tell_warnings(plan.warnings, file)
    configure_logging(plan.observability.log_format, plan.observability.log_level, failure)
    sys.setswitchinterval(plan.switch_interval_ns / 1e9)
