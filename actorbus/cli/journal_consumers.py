"""`journal consumers` and `journal forget`: who resumes from a recording, how far each is; and one that is gone.

A consumer that is gone for good (a handler that was renamed or removed) keeps retention from what it has not read.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from actorbus.cli.columns import left_aligned, shown_bytes
from actorbus.cli.completion import folders
from actorbus.cli.journal_show import FORMAT
from actorbus.errors import EXIT_DONE
from actorbus.journal import forget as forget_consumer
from actorbus.journal import positions_of, table
from actorbus.journal.tools import segments

__all__ = ["consumers", "forget"]


@click.command("consumers")
@click.argument("directory", metavar="DIR", shell_complete=folders)
@FORMAT
def consumers(directory: str, form: str) -> int:
    """Show the handlers that resume from a recording: the place of each, and how far it is behind."""
    folder = Path(directory)
    kept = table.load(folder)
    end = max((segment.end_position for segment in segments(folder)), default=0)
    rows = [(name, position, max(end - position, 0)) for name, position in positions_of(folder, kept.uuid).items()]
    if form == "json":
        for name, position, behind in rows:
            print(json.dumps({"consumer": name, "position": position, "behind_bytes": behind}))
        return EXIT_DONE
    if not rows:
        print(f"{directory}: no consumer")
        return EXIT_DONE
    lines = [(name, f"{position:,}", shown_bytes(behind)) for name, position, behind in rows]
    print(left_aligned([("consumer", "position", "behind"), *lines], right=(1, 2)))
    return EXIT_DONE


@click.command("forget")
@click.argument("directory", metavar="DIR", shell_complete=folders)
@click.argument("name", metavar="NAME")
def forget(directory: str, name: str) -> int:
    """Remove a consumer: retention waits for it no longer, and it begins anew. Refused while it runs."""
    kept = table.load(Path(directory))
    was = forget_consumer(directory, kept.uuid, name)
    print(f"forgot {name}, " + ("which had no place yet" if was is None else f"which was at position {was:,}"))
    return EXIT_DONE
