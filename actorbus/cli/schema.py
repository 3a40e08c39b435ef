"""`actorbus schema`: the JSON schema of topology files, for editors."""

from __future__ import annotations

import click

from actorbus.topology.schema import schema_text

__all__ = ["command"]


@click.command("schema")
def command() -> None:
    """Print the JSON schema of topology files.

    Save it and begin a topology with `# yaml-language-server: $schema=FILE` to have an editor complete and check it.
    """
    print(schema_text(), end="")
