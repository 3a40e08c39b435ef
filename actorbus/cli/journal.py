"""`actorbus journal ls|inspect|consumers|verify|repair|export|forget DIR`: looks at recordings, needs no driver.

It changes nothing, but for `repair` (under the writer's lock, and it copies before it cuts) and `forget`.
"""

from __future__ import annotations

import importlib
from typing import Final, override

import click

__all__ = ["command"]

VERBS: Final = {
    "consumers": "actorbus.cli.journal_consumers",
    "export": "actorbus.cli.journal_export",
    "forget": "actorbus.cli.journal_consumers",
    "inspect": "actorbus.cli.journal_show",
    "ls": "actorbus.cli.journal_show",
    "repair": "actorbus.cli.journal_check",
    "verify": "actorbus.cli.journal_check",
}


class Verbs(click.Group):
    """Finds a verb's module when the verb is named."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        found: click.Command = getattr(importlib.import_module(VERBS[cmd_name]), cmd_name)
        return found

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from actorbus.topology.report import one_of

            ctx.fail(f"there is no verb journal {args[0]!r}; {one_of(args[0], sorted(VERBS))}")
        return super().resolve_command(ctx, args)


@click.group("journal", cls=Verbs)
def command() -> None:
    """Look at recordings: list, inspect, verify, repair, export, consumers. Needs no driver."""
