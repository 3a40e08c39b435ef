"""`actorbus schema`: the JSON schema of topology files, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from actorbus.errors import EXIT_DONE
from actorbus.topology.profiles import config_directory
from actorbus.topology.schema import schema_text

__all__ = ["SCHEMA_FILE", "command", "header"]

SCHEMA_FILE = "topology.schema.json"


def header(schema: str | Path) -> str:
    """Return the first line of a topology that tells editors (through yaml-language-server) its schema."""
    return f"# yaml-language-server: $schema={schema}"


@click.command("schema")
@click.option("--output", metavar="FILE", help="Write it there, and print the line a topology beside it begins with.")
@click.option(
    "--header", "only_header", is_flag=True, help="Print only that line, for the schema of this installation."
)
def command(output: str | None, only_header: bool) -> int:
    """Print the JSON schema of topology files.

    An editor with yaml-language-server completes and checks a topology that begins with a line
    `# yaml-language-server: $schema=FILE`.
    """
    if only_header:
        print(header(config_directory() / SCHEMA_FILE))
    elif output is not None:
        path = Path(output)
        path.write_text(schema_text(), encoding="utf-8")
        print(header(f"./{path.name}"))
    else:
        print(schema_text(), end="")
    return EXIT_DONE
