"""`actorbus explain [CODE]`: what a code means, an example that raises it, what to do; without a code: all of them."""

from __future__ import annotations

import click

from actorbus.cli.columns import left_aligned
from actorbus.errors import EXIT_DONE
from actorbus.topology.catalogue import entries
from actorbus.topology.report import one_of

__all__ = ["command"]


def _codes(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [code for code in entries() if code.startswith(incomplete.upper())]


@click.command("explain")
@click.argument("code", required=False, shell_complete=_codes)
def command(code: str | None) -> int:
    """Tell what the error CODE (AB1203, or 1203) means and how to fix it; without CODE: list all of them."""
    known = entries()
    if code is None:
        print(left_aligned([(entry.code, entry.kind, entry.title) for entry in known.values()]))
        return EXIT_DONE
    wanted = code.upper().strip("[]:")
    found = known.get(wanted if wanted.startswith("AB") else f"AB{wanted}")
    if found is None:
        hint = one_of(wanted, known, more="`actorbus explain` lists all")
        raise click.UsageError(f"there is no code {code!r}; {hint}")
    print(found.format_text())
    return EXIT_DONE
