"""`actorbus plan FILE`: what a topology becomes when it runs. Starts nothing."""

from __future__ import annotations

import click
import msgspec

from actorbus.cli.columns import left_aligned, shown_bytes
from actorbus.cli.completion import folders, topologies
from actorbus.cli.excerpt import tell_warnings
from actorbus.errors import EXIT_DONE
from actorbus.topology.check import check_file
from actorbus.topology.overview import Overview, overview
from actorbus.topology.plan import build_plan

__all__ = ["command", "mermaid_text", "table_text"]


@click.command("plan")
@click.argument("file", type=click.Path(), shell_complete=topologies)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "mermaid", "json"]),
    default="table",
    help="Tables, a Mermaid flowchart, or one JSON object.",
)
@click.option(
    "--app-dir", metavar="D", shell_complete=folders, help="First on sys.path instead of the topology's folder."
)
def command(file: str, form: str, app_dir: str | None) -> int:
    """Show what the topology FILE becomes: actors, threads, CPUs, streams, memory, ports."""
    checked = check_file(file, app_dir=app_dir)
    plan = build_plan(checked)
    tell_warnings(plan.warnings, file)
    assert checked.facts is not None, "a plan has facts"
    shown = overview(plan, profile=checked.facts.topology.profile)
    match form:
        case "json":
            print(msgspec.json.format(msgspec.json.encode(msgspec.to_builtins(shown)), indent=2).decode())
        case "mermaid":
            print(mermaid_text(shown))
        case _:
            print(table_text(shown))
    return EXIT_DONE


def table_text(shown: Overview) -> str:
    """Return the overview as aligned tables, one a question."""
    driver = shown.driver
    head = f"{shown.name}: profile {shown.profile}, driver {driver.mode} ({driver.threading}"
    parts = [head + (f", in {driver.directory})" if driver.directory else ")")]
    if shown.streams:
        parts.append(_streams(shown))
    rows = [("actor", "kind", "thread", "priority", "reads", "writes", "class")]
    rows += [
        (
            actor.name,
            actor.kind,
            actor.thread,
            "" if actor.priority is None else str(actor.priority),
            " ".join(actor.reads),
            " ".join(actor.writes),
            actor.cls,
        )
        for actor in shown.actors
    ]
    parts.append(left_aligned(rows, right=(3,)))
    threads = [("thread", "of", "cpu", "idle")]
    threads += [
        (thread.name, thread.owner, "any" if thread.cpu is None else str(thread.cpu), thread.idle or "woken")
        for thread in shown.threads
    ]
    parts.append(left_aligned(threads, right=(2,)))
    memory = [("shared memory", ""), *((line.what, shown_bytes(line.bytes)) for line in shown.memory)]
    parts.append(left_aligned([*memory, ("sum", shown_bytes(shown.memory_bytes))], right=(1,)))
    if shown.ports:
        ports = [("port", "stream", "as"), *((port.address, port.stream, port.role) for port in shown.ports)]
        parts.append(left_aligned(ports))
    return "\n\n".join(parts)


def _streams(shown: Overview) -> str:
    rows = [("stream", "id", "messages", "format", "term", "longest message", "from", "to", "channel")]
    rows += [
        (
            stream.name,
            str(stream.stream_id),
            " ".join(stream.messages),
            stream.format,
            shown_bytes(stream.term_length),
            shown_bytes(stream.max_message),
            " ".join(stream.writers) or "-",
            " > ".join(stream.readers) or "-",
            stream.channel,
        )
        for stream in shown.streams
    ]
    return left_aligned(rows, right=(1, 4, 5))


def mermaid_text(shown: Overview) -> str:
    """Return the overview as a Mermaid flowchart: sources and handlers, joined by streams; a box for each poller."""
    lines = ["flowchart LR"]
    actors = {actor.name: actor for actor in shown.actors if actor.kind in ("source", "handler")}
    names = {name: f"a{number}" for number, name in enumerate(actors)}
    streams = {stream.name: f"s{number}" for number, stream in enumerate(shown.streams)}
    lines += [f'    {streams[stream.name]}(["{stream.name} {stream.stream_id}"])' for stream in shown.streams]
    for thread in dict.fromkeys(actor.thread for actor in actors.values()):
        lines.append(f'    subgraph t{len(lines)}["{thread}"]')
        for actor in actors.values():
            if actor.thread == thread:
                order = "" if actor.priority is None else f" ({actor.priority})"
                lines.append(f'        {names[actor.name]}["{actor.name}{order}"]')
        lines.append("    end")
    for actor in actors.values():
        lines += [f"    {streams[stream]} --> {names[actor.name]}" for stream in actor.reads]
        lines += [f"    {names[actor.name]} --> {streams[stream]}" for stream in actor.writes]
    return "\n".join(lines)
