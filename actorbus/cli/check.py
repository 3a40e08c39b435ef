"""`actorbus check FILE`: every problem of a topology at once, and the shared memory it needs. Starts nothing."""

from __future__ import annotations

import json
import sys

import click

from actorbus.cli.colour import is_wanted
from actorbus.cli.completion import folders, topologies
from actorbus.cli.excerpt import problems_text
from actorbus.errors import EXIT_DONE, EXIT_INPUT_WRONG, Problem
from actorbus.topology.check import Checked, check_file

__all__ = ["command"]


@click.command("check")
@click.argument("file", type=click.Path(), shell_complete=topologies)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="Text, one JSON object, or annotations of GitHub Actions.",
)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--app-dir", metavar="D", shell_complete=folders, help="First on sys.path instead of the topology's folder."
)
def command(file: str, form: str, strict: bool, app_dir: str | None) -> int:
    """Tell every problem of the topology FILE, and its shared-memory budget. Exits with 2 when there is an error."""
    checked = check_file(file, app_dir=app_dir)
    errors = sum(problem.is_error for problem in checked.problems)
    warnings = len(checked.problems) - errors
    match form:
        case "json":
            print(_json(file, checked, errors, warnings))
        case "github":
            print(_github(file, checked, errors, warnings))
        case _:
            print(_text(file, checked, errors, warnings))
    return EXIT_INPUT_WRONG if errors or (strict and warnings) else EXIT_DONE


def _json(file: str, checked: Checked, errors: int, warnings: int) -> str:
    budget = checked.facts.budget if checked.facts is not None else None
    return json.dumps(
        {
            "file": file,
            "errors": errors,
            "warnings": warnings,
            "problems": [problem.to_dict() for problem in checked.problems],
            "memory": None if budget is None else budget.to_dict(),
        },
        indent=2,
    )


def _text(file: str, checked: Checked, errors: int, warnings: int) -> str:
    lines = problems_text(checked.problems, colour=is_wanted(sys.stdout))
    budget = checked.facts.budget if checked.facts is not None else None
    if budget is not None:
        lines += [f"shared memory{' of what is right so far' if errors else ''}:", budget.format_text()]
    if errors:
        first = next(problem.code for problem in checked.problems if problem.is_error)
        lines.append(f"`actorbus explain {first}` says more about the first")
    lines.append(_sum(file, errors, warnings))
    return "\n".join(lines)


def _github(file: str, checked: Checked, errors: int, warnings: int) -> str:
    return "\n".join([*(_annotation(file, problem) for problem in checked.problems), _sum(file, errors, warnings)])


def _annotation(file: str, problem: Problem) -> str:
    """Return a workflow command: `::error file=F,line=L,col=C,title=CODE::TEXT`, with its characters escaped."""
    properties = {"file": problem.file or file, "line": problem.line, "col": problem.column, "title": problem.code}
    given = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items() if value is not None)
    text = problem.format_text().partition(f"{problem.severity}[{problem.code}]: ")[2]
    return f"::{problem.severity} {given}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _sum(file: str, errors: int, warnings: int) -> str:
    counts = [_counted(errors, "error"), _counted(warnings, "warning")]
    return f"{file}: " + (", ".join(counts) if errors or warnings else "no problems")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
