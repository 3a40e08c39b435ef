"""The group `actorbus` and the one place where errors become exit codes.

Verbs are imported when they are used: `actorbus --help` stays quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final, Never, override

import click

__all__ = ["main"]

VERBS: Final = {
    "bench": "actorbus.bench.command",
    "check": "actorbus.cli.check",
    "doctor": "actorbus.cli.doctor",
    "driver": "actorbus.cli.driver",
    "explain": "actorbus.cli.explain",
    "init": "actorbus.cli.init",
    "journal": "actorbus.cli.journal",
    "plan": "actorbus.cli.plan",
    "pub": "actorbus.cli.pub",
    "record": "actorbus.cli.record",
    "redrive": "actorbus.cli.redrive",
    "replay": "actorbus.cli.replay",
    "run": "actorbus.cli.run",
    "schema": "actorbus.cli.schema",
    "stat": "actorbus.cli.stat",
    "sub": "actorbus.cli.sub",
    "tail": "actorbus.cli.tail",
}

SUMMARIES: Final = {
    "bench": "measure this machine beside other systems",
    "check": "report every problem of a topology, and its memory",
    "doctor": "look at this machine: Aeron, memory, limits",
    "driver": "run the media driver as a process of its own",
    "explain": "explain an error code",
    "init": "start a project from a template",
    "journal": "list, inspect, verify, repair, export recordings",
    "plan": "show what a topology becomes when it runs",
    "pub": "publish messages to a running topology",
    "record": "record streams into a folder",
    "redrive": "hand messages to the handlers that failed on them",
    "replay": "play a recording again",
    "run": "run a topology, print a summary at the end",
    "schema": "print the JSON schema of topology files",
    "stat": "show the counters of running processes",
    "sub": "print the messages of one stream",
    "tail": "follow several streams, with a filter",
}
"""One line each for `actorbus --help`: that long, and without importing seventeen modules."""


class ReaderGone(Exception):
    """Whoever read our output has gone. (click would make exit code 1 of the BrokenPipeError itself.)"""


class LazyGroup(click.Group):
    """Finds a verb's module when the verb is named."""

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(SUMMARIES.items()))

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name]).command
        return command

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from actorbus.topology.report import one_of

            ctx.fail(f"there is no command {args[0]!r}; {one_of(args[0], sorted(VERBS))}")
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from actorbus.cli.versions import version_text

    print(version_text())
    ctx.exit(0)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show versions and exit.",
)
@click.option("--verbose", is_flag=True, help="Show tracebacks of errors.")
@click.pass_context
def actorbus(ctx: click.Context, verbose: bool) -> None:
    """A message bus over Aeron: typed messages, prioritised handlers, one YAML file.

    `actorbus COMMAND --help` says more about a command, `actorbus init DIR` starts a project.
    """
    ctx.obj = {"verbose": verbose}


def main(arguments: Sequence[str] | None = None) -> Never:
    """Run the command line and exit with its code."""
    sys.exit(_main(list(sys.argv[1:] if arguments is None else arguments)))


def _main(arguments: list[str]) -> int:
    from actorbus.cli.exits import EXIT_INTERRUPTED, as_actorbus_error, exit_code_of, tell

    verbose = "--verbose" in arguments
    try:
        code = actorbus.main(args=arguments, prog_name="actorbus", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except (BrokenPipeError, ReaderGone):
        # Whoever read our output has gone: nothing to tell, and nobody. Keep the interpreter from trying again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the end of the line: whatever comes gets a text and a code
        ours = as_actorbus_error(error)
        tell(ours, verbose=verbose, cause=error)
        return exit_code_of(ours)
