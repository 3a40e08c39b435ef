"""`actorbus redrive DIR`: the messages that handlers raised on, handed to them again, by their address in a recording.

    --list                    what is kept; needs no topology and no driver
    -t FILE                   a node of the topology with its handlers as they are now, in this process

Rules of this file:

* While the topology runs, only the handlers in question are made, without their streams: what they publish goes into
  the running streams. While it does not, the whole topology is started, without its sources: what they publish is
  handled and recorded here. Handlers that read a recording do not read on.
* Ctrl-C and SIGTERM end it between two messages; what was done is noted.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from actorbus.cli.columns import left_aligned
from actorbus.cli.completion import folders
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.join import beside, checked_plan, driver_of, need_streams, topology_options
from actorbus.cli.signals import StopAsked, StopSignals
from actorbus.errors import EXIT_DONE, EXIT_FAILED
from actorbus.journal import KeptMessage, read_quarantine, recording_table
from actorbus.journal.files import is_locked
from actorbus.recording.place import time_text
from actorbus.topology.node import Node
from actorbus.topology.plan import HandlerPlan, Plan
from actorbus.topology.redriving import Redriven, chosen
from actorbus.topology.report import one_of

__all__ = ["command"]

SHOWN = 20
"""Messages that failed again are told one by one up to so many."""


@click.command("redrive")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@topology_options
@click.option("--handler", "handlers", metavar="NAME", multiple=True, help="Only this handler's; may be repeated.")
@click.option("--stream", metavar="NAME", help="Only messages of this stream.")
@click.option("--again", is_flag=True, help="Those too that were redriven before.")
@click.option("--list", "lists", is_flag=True, help="Show what is kept, and redrive nothing.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="Of --list: a table or JSON lines."
)
def command(
    folder: str, file: str, directory: str | None, app_dir: str | None, handlers: tuple[str, ...], stream: str | None,
    again: bool, lists: bool, form: str,
) -> int:  # fmt: skip
    """Hand the messages of the recording DIR that handlers raised on to them again, after a fix.

    Exit code 1 when some failed again, or are not in the recording any more: they stay.
    """
    _ = recording_table(Path(folder))  # raises what is wrong with it
    entries, unread = read_quarantine(folder)
    if unread:
        print(
            f"{unread} lines of {folder}/quarantine/messages.jsonl are torn or not ours: passed over", file=sys.stderr
        )
    due, already = chosen(entries, stream=stream, handlers=handlers, again=again)
    if lists:
        _list(due if not (again or form == "json") else entries, form)
        return EXIT_DONE
    plan = checked_plan(file, app_dir)
    for name in handlers:
        if name not in [each.name for each in plan.handlers]:
            raise click.UsageError(
                f"there is no handler {name!r} in {file}; {one_of(name, [h.name for h in plan.handlers])}"
            )
    need_streams(plan, file, () if stream is None else (stream,))
    if not due:
        print(f"nothing to redrive in {folder}" + (f": {already:,} were redriven before" if already else ""))
        return EXIT_DONE
    logging.getLogger("actorbus").addHandler(logging.NullHandler())  # errors of handlers are told as results
    running = is_locked(Path(folder)) or directory is not None
    made = _joining(plan, due, handlers, directory) if running else _alone(plan, due, handlers)
    total = Redriven()
    with StopSignals() as stop:
        try:
            with Node(made) as node, stop.raising():
                for name in handlers or (None,):
                    total += node.redrive(stream, handler=name, again=again, recording=folder)
        except StopAsked:
            print("stopped: what was done is noted", file=sys.stderr)
            return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE
    _tell(total)
    return EXIT_FAILED if total.failed or total.missing else EXIT_DONE


def _wanted(plan: Plan, due: Sequence[KeptMessage], handlers: Sequence[str]) -> frozenset[str]:
    """Return the handlers that get something."""
    streams = {entry.stream for entry in due if not entry.handler}
    named = {entry.handler for entry in due}
    return frozenset(
        handler.name
        for handler in plan.handlers
        if (handler.name in named or streams & set(handler.streams)) and (not handlers or handler.name in handlers)
    )


def _unfed(handler: HandlerPlan) -> HandlerPlan:
    return msgspec.structs.replace(handler, is_fed=False, start=None, resume=False, after=())


def _joining(plan: Plan, due: Sequence[KeptMessage], handlers: Sequence[str], directory: str | None) -> Plan:
    """Return a plan of the wanted handlers alone, unfed, on the driver the topology runs on."""
    wanted = _wanted(plan, due, handlers)
    fed_by_hand = tuple(_unfed(handler) for handler in plan.handlers if handler.name in wanted)
    return beside(plan, driver_of(plan, directory), handlers=fed_by_hand)


def _alone(plan: Plan, due: Sequence[KeptMessage], handlers: Sequence[str]) -> Plan:
    """Return the whole topology without its sources; who reads a recording is unfed, or left out."""
    wanted = _wanted(plan, due, handlers)
    kept = [
        handler if handler.start is None else _unfed(handler)
        for handler in plan.handlers
        if handler.start is None or handler.name in wanted
    ]
    return msgspec.structs.replace(plan, sources=(), handlers=tuple(kept))


def _list(entries: Sequence[KeptMessage], form: str) -> None:
    if form == "json":
        for entry in entries:
            print(json.dumps({**msgspec.structs.asdict(entry), "done": entry.is_done}))
        return
    if not entries:
        print("nothing to redrive")
        return
    head = ("handler", "stream", "session", "position", "index", "received", "tries", "error")
    rows = [
        (
            entry.handler or "(all)", entry.stream, str(entry.session), str(entry.position), str(entry.index),
            time_text(entry.received_ns), str(entry.tries), entry.error or "redriven",
        )
        for entry in entries
    ]  # fmt: skip
    print(left_aligned([head, *rows], right=(2, 3, 4, 6)))


def _tell(total: Redriven) -> None:
    print(
        f"redriven: {total.done:,} done, {total.failed:,} failed again, {total.missing:,} not in the recording, "
        f"{total.already:,} redriven before"
    )
    left = [entry for entry in total.entries if not entry.is_done]
    for entry in left[:SHOWN]:
        name = entry.handler or "(all)"
        print(
            f"{name}: {entry.stream} session {entry.session} position {entry.position} index {entry.index}: "
            f"{entry.error}",
            file=sys.stderr,
        )
    if len(left) > SHOWN:
        print(f"and {len(left) - SHOWN:,} more: --list shows them", file=sys.stderr)
